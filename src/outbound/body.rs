//! Reads an answer's body up to the limits.

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_ENCODING};

use super::{Note, READ_LIMIT, fault};

/// What was read of a body.
pub(super) struct Body {
    limit: usize,
    kept: Vec<u8>,
    read: usize,
    truncated: bool,
}

impl Body {
    /// Nothing yet; so many bytes are kept at most.
    pub fn keeping(limit: usize) -> Self {
        Self { limit, kept: Vec::new(), read: 0, truncated: false }
    }

    /// Reads until the end or the limit; what was read before a fault or a timeout stays.
    pub async fn read(&mut self, response: &mut reqwest::Response) -> Result<(), reqwest::Error> {
        while let Some(chunk) = response.chunk().await? {
            if !self.take(&chunk) {
                break;
            }
        }
        Ok(())
    }

    /// Takes a chunk, and says whether more may be read.
    fn take(&mut self, chunk: &[u8]) -> bool {
        let read = chunk.len().min(READ_LIMIT - self.read);
        let kept = read.min(self.limit - self.kept.len());
        self.kept.extend_from_slice(&chunk[..kept]);
        self.read += read;
        self.truncated |= kept < chunk.len();
        read == chunk.len()
    }

    /// The kept bytes, how many were read, and whether that is not all.
    pub fn into_parts(self) -> (Bytes, u64, bool) {
        (self.kept.into(), self.read as u64, self.truncated)
    }
}

/// What is to be said of a body, by how its reading ended (none: in time).
pub(super) fn note(ended: Option<Result<(), reqwest::Error>>, headers: &HeaderMap) -> Option<Note> {
    match ended {
        Some(Err(error)) if fault::is_incomplete(&error) => Some(Note::ShortBody),
        Some(Err(_)) | None => Some(Note::BodyCut),
        Some(Ok(())) => {
            let encoding = headers.get(CONTENT_ENCODING)?;
            (!encoding.as_bytes().eq_ignore_ascii_case(b"identity")).then_some(Note::Compressed)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::KEEP_LIMIT;
    use super::*;

    proptest! {
        #[test]
        fn whatever_the_chunks_are_the_limits_hold(lengths in proptest::collection::vec(0_usize..40_000, 0..12)) {
            let mut body = Body::keeping(KEEP_LIMIT);
            let mut sent = 0;
            for length in lengths {
                sent += length;
                if !body.take(&vec![7; length]) {
                    break;
                }
            }
            let (kept, read, truncated) = body.into_parts();
            prop_assert_eq!(kept.len(), sent.min(KEEP_LIMIT));
            prop_assert_eq!(read, sent.min(READ_LIMIT) as u64);
            prop_assert_eq!(truncated, sent > KEEP_LIMIT);
        }
    }
}
