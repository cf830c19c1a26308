//! Errors as texts.

use std::error::Error;

/// Returns the text of an error and of all its causes, each once: the outermost error of the SDK says little, and some
/// repeat the text of their cause.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    texts.dedup();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io;

    use super::*;

    #[derive(Debug)]
    struct Outer(io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("dispatch failure")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn causes_are_reported_once_each() {
        let inner = io::Error::other("connection refused");
        let outer = io::Error::other(inner);
        assert_eq!(chain(&outer), "connection refused");
    }

    #[test]
    fn every_cause_is_reported() {
        let refused = io::Error::other("connection refused");
        assert_eq!(chain(&Outer(refused)), "dispatch failure: connection refused");
    }
}
