//! Arguments of a command, as people type them into a shell.

use std::path::Path;

/// A path as one word: in quotes, where a shell would make something else of it.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+=:,@%".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_read_otherwise_is_quoted() {
        for (path, word) in [
            ("/var/lib/idgen-1.2", "/var/lib/idgen-1.2"),
            ("/home/zoë/ids", "/home/zoë/ids"),
            ("/two words", "'/two words'"),
            ("/$HOME", "'/$HOME'"),
            ("/its'", r"'/its'\'''"),
            ("~", "'~'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }

    /// The shell itself is asked.
    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_path_back() {
        let every: String = (' '..='~').chain("äñ\n\t".chars()).collect();
        let echo = format!("printf %s {}", quoted(Path::new(&every)));
        let shell = std::process::Command::new("sh").args(["-c", &echo]).output().unwrap();
        assert_eq!(String::from_utf8(shell.stdout).unwrap(), every);
    }
}
