//! JSON pointers (RFC 6901), which tell the place of a value in a document.

/// The name of a field as a step of a pointer, with its slash.
pub(crate) fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The name that a step of a pointer means, without its slash; `None` where a `~` escapes nothing.
pub(crate) fn name(step: &str) -> Option<String> {
    let stray = step.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1']));
    (!stray).then(|| step.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_from_its_step() {
        for plain in ["", "status", "a/b", "~1", "m~n/~"] {
            assert_eq!(step(plain).strip_prefix('/').and_then(name).as_deref(), Some(plain));
        }
        assert_eq!(step("a/b~c"), "/a~1b~0c");
        assert_eq!(name("a~2"), None);
        assert_eq!(name("a~"), None);
    }
}
