//! Own delays as people write them: `30s, 5m, 2h, 1d`.

/// The most delays.
pub const MOST: usize = 20;
/// The longest delay: 7 days.
const LONGEST: u32 = 7 * DAY;
const DAY: u32 = 24 * HOUR;
const HOUR: u32 = 60 * MINUTE;
const MINUTE: u32 = 60;

/// Reads delays, separated by commas, as whole seconds.
///
/// # Errors
/// How to put it right.
pub fn parse(text: &str) -> Result<Vec<u32>, String> {
    const HOW: &str = "Write 1 to 20 delays such as 30s, 5m, 2h, 1d, with commas between.";
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts == [""] {
        return Err(HOW.to_owned());
    }
    if parts.len() > MOST {
        return Err(format!("These are {} delays; {MOST} are the most.", parts.len()));
    }
    let read = |part: &&str| one(part).ok_or_else(|| format!("“{part}” is no delay. {HOW}"));
    let delays = parts.iter().map(read).collect::<Result<Vec<u32>, _>>()?;
    match delays.iter().zip(&parts).find(|(delay, _)| !(1..=LONGEST).contains(*delay)) {
        Some((_, part)) => Err(format!("“{part}” is out of range: a delay is 1s to 7d.")),
        None => Ok(delays),
    }
}

/// Writes delays in their largest whole unit.
pub fn show(delays: &[u32]) -> String {
    let one = |seconds: &u32| match *seconds {
        0 => "0s".to_owned(),
        days if days % DAY == 0 => format!("{}d", days / DAY),
        hours if hours % HOUR == 0 => format!("{}h", hours / HOUR),
        minutes if minutes % MINUTE == 0 => format!("{}m", minutes / MINUTE),
        seconds => format!("{seconds}s"),
    };
    delays.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn one(text: &str) -> Option<u32> {
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => MINUTE,
        'h' => HOUR,
        'd' => DAY,
        _ => return None,
    };
    let digits = text[..text.len() - 1].trim_end();
    let sound = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number too large for the type is out of range like any other that is too large.
    sound.then(|| digits.parse::<u32>().unwrap_or(u32::MAX).saturating_mul(unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn delays_are_read_and_written_in_their_units() {
        assert_eq!(parse("30s, 5m,2h , 1d").unwrap(), [30, 300, 7200, 86400]);
        assert_eq!(parse("604800s").unwrap(), [604_800]);
        assert_eq!(show(&[30, 300, 7200, 86400, 90]), "30s, 5m, 2h, 1d, 90s");
        assert_eq!(parse(&vec!["1s"; 20].join(",")).unwrap().len(), 20);
    }

    #[test]
    fn other_delays_are_refused() {
        for text in
            ["", ",", "30", "5x", "0s", "8d", "604801s", "-1s", "1.5h", "1e9s", "99999999999s", "30s,,5m", "s", "+5m"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&vec!["1s"; 21].join(",")).unwrap_err().contains("20 are the most"));
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(delays in prop::collection::vec(1..=LONGEST, 1..=MOST)) {
            prop_assert_eq!(parse(&show(&delays)).unwrap(), delays);
        }
    }
}
