//! What travelled between us and a receiver, made readable: headers, bodies of any kind, where the time went.

use std::fmt::Write;
use std::time::Duration;

use super::code::bits;
use super::view::{Body, Header, Phase, Timing};
use crate::outbound::{Phases, READ_LIMIT};

/// The longest part of a text that a page shows; the rest is for the download.
const SHOWN: usize = 64 * 1024;
/// What a stored value looks like that was replaced before it was stored.
const MASKS: [&str; 2] = ["••••", "[redacted]"];

/// The head of a message.
pub(crate) fn headers(stored: &[(String, String)]) -> Vec<Header> {
    let header = |(name, value): &(String, String)| Header {
        name: name.clone(),
        value: visible(value),
        masked: MASKS.contains(&value.as_str()),
    };
    stored.iter().map(header).collect()
}

/// A body of ours.
pub(crate) fn text_body(text: &str) -> Body {
    if text.is_empty() {
        return Body::Empty;
    }
    let end = text.floor_char_boundary(SHOWN);
    let cut = if end < text.len() {
        format!("Shown are the first {} of {}.", size(end as u64), size(text.len() as u64))
    } else {
        String::new()
    };
    Body::Text { bits: bits(&visible(&text[..end])), size: size(text.len() as u64), cut }
}

/// A receiver's body: `kept` of the `read` bytes; `truncated` where the answer was longer than what is kept.
pub(crate) fn answer_body(kept: &[u8], read: u64, truncated: bool) -> Body {
    if kept.is_empty() && read == 0 {
        return Body::Empty;
    }
    let cut = match truncated {
        false => String::new(),
        true if read < READ_LIMIT as u64 => {
            format!("Cut here: {} of {} were kept.", size(kept.len() as u64), size(read))
        }
        true => format!("Cut here: {} of at least {} were kept.", size(kept.len() as u64), size(read)),
    };
    match text(kept, truncated) {
        Some(text) => Body::Text { bits: bits(&visible(text)), size: size(read), cut },
        None => Body::Hex { dump: hex(kept), size: size(read), cut },
    }
}

/// The bytes as text, where they are text: what was cut may end within a letter.
pub(crate) fn text(bytes: &[u8], cut: bool) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if cut && error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}

/// The text with what cannot be seen, or would change how its neighbours look, written out.
pub(crate) fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for letter in text.replace("\r\n", "\n").chars() {
        match letter {
            '\n' | '\t' => seen.push(letter),
            '\u{0}'..='\u{1f}' => seen.push(char::from_u32(0x2400 + u32::from(letter)).unwrap_or(letter)),
            '\u{7f}' => seen.push('\u{2421}'),
            '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => seen.extend(letter.escape_unicode()),
            _ => seen.push(letter),
        }
    }
    seen
}

/// Sixteen bytes a line, with their place and what of them is a letter.
fn hex(bytes: &[u8]) -> String {
    let mut dump = String::with_capacity(bytes.len() * 5);
    for (line, chunk) in bytes.chunks(16).enumerate() {
        let mut codes = String::with_capacity(48);
        for byte in chunk {
            // Writing to a String cannot fail.
            let _ = write!(codes, "{byte:02x} ");
        }
        let letter = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let letters: String = chunk.iter().map(letter).collect();
        let _ = writeln!(dump, "{:08x}  {codes:<48} {letters}", line * 16);
    }
    dump
}

/// `512 bytes`, `16.0 KiB`.
#[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0 => "0 bytes".to_owned(),
        1 => "1 byte".to_owned(),
        2..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// `0.4 ms`, `143 ms`, `1.2 s`.
pub(crate) fn took(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..950 => format!("{:.1} ms", time.as_secs_f64() * 1000.0),
        950..999_500 => format!("{} ms", (micros + 500) / 1000),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// Where the time of an attempt went, each phase after the one before it.
pub(crate) fn timing(phases: &Phases) -> Timing {
    let whole = phases.total.as_secs_f64().max(f64::EPSILON);
    let mut start = Duration::ZERO;
    let known = [
        ("DNS", "dns", phases.dns),
        ("Connect", "connect", phases.connect),
        ("TLS", "tls", phases.tls),
        ("First byte", "wait", phases.first_byte),
    ];
    let mut shown = Vec::new();
    let mut add = |name, class, time: Duration| {
        let left = (start.as_secs_f64() / whole * 100.0).min(100.0);
        let width = (time.as_secs_f64() / whole * 100.0).min(100.0 - left);
        shown.push(Phase { name, class, time: took(time), start: format!("{left:.1}"), width: format!("{width:.1}") });
        start += time;
    };
    for (name, class, time) in known {
        if let Some(time) = time {
            add(name, class, time);
        }
    }
    if phases.first_byte.is_some() {
        let before: Duration = known.iter().filter_map(|(_, _, time)| *time).sum();
        add("Body", "body", phases.total.saturating_sub(before));
    }
    Timing { total: took(phases.total), phases: shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &Body) -> String {
        match body {
            Body::Text { bits, .. } => bits.iter().map(|bit| bit.text.as_str()).collect(),
            Body::Hex { dump, .. } => dump.clone(),
            Body::Empty | Body::NotStored(_) => String::new(),
        }
    }

    #[test]
    fn bytes_that_are_no_text_come_as_hex() {
        let body = answer_body(&[0x89, b'P', b'N', b'G', 0, 255], 6, false);
        assert!(matches!(body, Body::Hex { .. }));
        assert_eq!(shown(&body), format!("00000000  {:<48} .PNG..\n", "89 50 4e 47 00 ff "));
        assert!(matches!(answer_body(b"a\0b", 3, false), Body::Hex { .. }));
    }

    #[test]
    fn a_letter_that_was_cut_does_not_make_a_text_binary() {
        let whole = "ää".as_bytes();
        assert_eq!(shown(&answer_body(&whole[..3], 40_000, true)), "ä");
        assert!(matches!(answer_body(&whole[..3], 3, false), Body::Hex { .. }));
    }

    #[test]
    fn what_would_command_a_screen_is_written_out() {
        assert_eq!(visible("\u{1b}[31mred\r\nb\rc\u{7f}"), "␛[31mred\nb␍c␡");
        assert_eq!(visible("abc\u{202e}fed\u{9b}"), "abc\\u{202e}fed\\u{9b}");
    }

    #[test]
    fn a_cut_says_how_much_is_missing() {
        let cut = |read| match answer_body(&[b'a'; 16 * 1024], read, true) {
            Body::Text { cut, .. } => cut,
            Body::Empty | Body::Hex { .. } | Body::NotStored(_) => String::new(),
        };
        assert_eq!(cut(40 * 1024), "Cut here: 16.0 KiB of 40.0 KiB were kept.");
        assert_eq!(cut(64 * 1024), "Cut here: 16.0 KiB of at least 64.0 KiB were kept.");
    }

    #[test]
    fn the_phases_fill_the_whole_and_no_more() {
        let ms = Duration::from_millis;
        let phases =
            Phases { dns: Some(ms(10)), connect: Some(ms(20)), tls: None, first_byte: Some(ms(50)), total: ms(100) };
        let timing = timing(&phases);
        let bars: Vec<_> =
            timing.phases.iter().map(|phase| (phase.name, phase.start.as_str(), phase.width.as_str())).collect();
        assert_eq!(
            bars,
            [
                ("DNS", "0.0", "10.0"),
                ("Connect", "10.0", "20.0"),
                ("First byte", "30.0", "50.0"),
                ("Body", "80.0", "20.0")
            ]
        );
        assert_eq!(timing.total, "100 ms");
    }

    #[test]
    fn times_and_sizes_read_well() {
        for (micros, text) in
            [(0, "0.0 ms"), (420, "0.4 ms"), (143_400, "143 ms"), (999_700, "1.0 s"), (15_000_000, "15.0 s")]
        {
            assert_eq!(took(Duration::from_micros(micros)), text);
        }
        for (bytes, text) in [(1, "1 byte"), (1023, "1023 bytes"), (16_384, "16.0 KiB"), (3_145_728, "3.0 MiB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
