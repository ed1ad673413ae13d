//! The same request as a command line, without its secrets; pure.

use std::fmt::Write;

use crate::text::shell_word;

/// What stands for a value that is not shown.
const SECRET: &str = "<secret>";

/// `curl` with this method, address, head and body; values of masked headers are left out.
pub(super) fn command(method: &str, url: &str, headers: &[(String, String)], body: Option<&str>) -> String {
    let mut command = format!("curl -X {method} {}", shell_word(url));
    for (name, value) in headers {
        let value = if value.contains('•') { SECRET } else { value };
        write!(command, " \\\n  -H {}", shell_word(&format!("{name}: {value}"))).ok();
    }
    if let Some(body) = body {
        write!(command, " \\\n  --data-raw {}", shell_word(body)).ok();
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        let headers = [("authorization", "••••"), ("content-type", "application/json")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let command = command("POST", "https://ci.example.com/a?b=1", &headers, Some("{}"));
        let lines: Vec<&str> = command.lines().collect();
        assert_eq!(lines[0], "curl -X POST 'https://ci.example.com/a?b=1' \\");
        assert_eq!(lines[1], "  -H 'authorization: <secret>' \\");
        assert_eq!(lines[3], "  --data-raw '{}'");
    }
}
