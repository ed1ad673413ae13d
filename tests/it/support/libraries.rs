//! Libraries that receivers use, installed by `tests/run`, each in a process of its language.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Runs a script of Python, which finds its work on the standard input, and returns what it printed.
pub fn python(script: &str, work: &Value) -> String {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python");
    installed(home.join("standardwebhooks"));
    installed(home.join("cloudevents"));
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", home).env("PYTHONDONTWRITEBYTECODE", "1").args(["-c", script]);
    run(python, work)
}

/// The same for JavaScript.
pub fn node(script: &str, work: &Value) -> String {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e");
    installed(home.join("node_modules/standardwebhooks"));
    let mut node = Command::new("node");
    node.current_dir(home).args(["-e", script]);
    run(node, work)
}

fn installed(library: PathBuf) {
    assert!(library.exists(), "{} is missing: run the tests with tests/run, which installs it", library.display());
}

fn run(mut program: Command, work: &Value) -> String {
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = program.get_program().to_string_lossy().into_owned();
    let mut child =
        program.spawn().unwrap_or_else(|error| panic!("{name} does not run ({error}): tests/run installs it"));
    child.stdin.take().unwrap().write_all(work.to_string().as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{name}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}
