//! Text ids that sort by time: a three-letter prefix and a UUIDv7 in base 32, as TypeID 0.3 writes them.
#![expect(clippy::disallowed_methods, reason = "the only file that may make random ids")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Prefix, underscore and 26 letters.
pub const LENGTH: usize = 30;

/// Makes ids; cloned freely.
#[derive(Clone, Debug)]
pub struct Ids(Arc<Source>);

#[derive(Debug)]
enum Source {
    Random,
    Counting(AtomicU64),
}

impl Ids {
    /// Ids from the time and randomness.
    pub fn random() -> Self {
        Self(Arc::new(Source::Random))
    }

    /// Ids that count up from one, so that snapshots of tests need no blanking.
    pub fn counting() -> Self {
        Self(Arc::new(Source::Counting(AtomicU64::new(1))))
    }

    /// A new id of the kind that is asked for.
    pub fn make<I: Id>(&self) -> I {
        let uuid = match &*self.0 {
            Source::Random => Uuid::now_v7(),
            Source::Counting(next) => Uuid::from_u128(u128::from(next.fetch_add(1, Ordering::SeqCst))),
        };
        I::from_text(encode(I::PREFIX, uuid))
    }
}

/// A kind of id.
pub trait Id: Sized {
    /// Three letters before the underscore.
    const PREFIX: &'static str;
    #[doc(hidden)]
    fn from_text(text: [u8; LENGTH]) -> Self;
}

fn encode(prefix: &str, uuid: Uuid) -> [u8; LENGTH] {
    let mut text = [b'_'; LENGTH];
    text[..3].copy_from_slice(&prefix.as_bytes()[..3]);
    let mut rest = uuid.as_u128();
    for place in text[4..].iter_mut().rev() {
        *place = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    text
}

/// Reads an id of the given prefix; `None` for anything that this module would not write.
pub fn parse(prefix: &str, text: &str) -> Option<[u8; LENGTH]> {
    let bytes: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
    let sound = bytes[..3] == *prefix.as_bytes()
        && bytes[3] == b'_'
        && bytes[4] <= b'7'
        && bytes[4..].iter().all(|letter| ALPHABET.contains(letter));
    sound.then_some(bytes)
}

/// Random bytes from the operating system, for tokens and nonces.
///
/// # Panics
/// When the operating system has no randomness; nothing secret may be made then.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness no secret may be made")]
    getrandom::fill(&mut bytes).expect("the operating system gives no random bytes");
    bytes
}

/// A random word of letters and digits (base 62) without bias, for tokens and public ids.
pub fn random_word(length: usize) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut word = String::with_capacity(length);
    while word.len() < length {
        // 248 is the largest multiple of 62 in a byte: what lies above would favour the first letters.
        let free = length - word.len();
        word.extend(
            random_bytes::<64>()
                .into_iter()
                .filter(|byte| *byte < 248)
                .take(free)
                .map(|byte| char::from(LETTERS[usize::from(byte % 62)])),
        );
    }
    word
}

/// Declares a copyable id type with its prefix and its column conversions.
#[macro_export]
macro_rules! id_type {
    ($(#[doc = $doc:literal])* $name:ident, $prefix:literal) => {
        $(#[doc = $doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            ::diesel::expression::AsExpression, ::diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = ::diesel::sql_types::Text)]
        pub struct $name([u8; $crate::ids::LENGTH]);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                ::std::str::from_utf8(&self.0).unwrap_or_default()
            }

            /// Reads an id; `None` when it is not one of ours.
            pub fn parse(text: &str) -> Option<Self> {
                $crate::ids::parse($prefix, text).map(Self)
            }
        }

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $crate::describe::id(concat!($($doc),*), $prefix)
            }
        }

        impl ::utoipa::ToSchema for $name {}

        impl $crate::ids::Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_text(text: [u8; $crate::ids::LENGTH]) -> Self {
                Self(text)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| ::serde::de::Error::custom("not an id of this kind"))
            }
        }

        impl<DB: ::diesel::backend::Backend> ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB> for $name
        where
            str: ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, DB>,
            ) -> ::diesel::serialize::Result {
                <str as ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB>>::to_sql(self.as_str(), out)
            }
        }

        impl<DB: ::diesel::backend::Backend> ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB> for $name
        where
            String: ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> ::diesel::deserialize::Result<Self> {
                let text = <String as ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB>>::from_sql(bytes)?;
                Self::parse(&text).ok_or_else(|| format!("{text} is not a {} id", $prefix).into())
            }
        }
    };
}

/// Declares an enum that is kept as a word in a text column: `as_str`, `parse`, `ALL` and the column conversions.
#[macro_export]
macro_rules! word_enum {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $vdoc:literal])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            ::diesel::expression::AsExpression, ::diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = ::diesel::sql_types::Text)]
        pub enum $name { $($(#[doc = $vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the table, in addresses and in the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $crate::describe::word(concat!($($doc),*), &[$(($word, concat!($($vdoc),*))),+])
            }
        }

        impl ::utoipa::ToSchema for $name {}

        impl<DB: ::diesel::backend::Backend> ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB> for $name
        where
            str: ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, DB>,
            ) -> ::diesel::serialize::Result {
                <str as ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB>>::to_sql(self.as_str(), out)
            }
        }

        impl<DB: ::diesel::backend::Backend> ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB> for $name
        where
            String: ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> ::diesel::deserialize::Result<Self> {
                let text = <String as ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB>>::from_sql(bytes)?;
                Self::parse(&text).ok_or_else(|| format!("{text} is no {}", stringify!($name)).into())
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::id_type!(ThingId, "thg");

    #[test]
    fn an_id_reads_back_and_sorts_by_time() {
        let ids = Ids::random();
        let first: ThingId = ids.make();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second: ThingId = ids.make();
        assert!(first < second);
        assert_eq!(ThingId::parse(first.as_str()), Some(first));
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in [
            "",
            "thg_",
            "evt_00000000000000000000000001",
            "thg_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "thg_0000000000000000000000000l",
        ] {
            assert_eq!(ThingId::parse(text), None, "{text}");
        }
    }
}
