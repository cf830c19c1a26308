//! Parts of a foreign text must not be repeated.

/// Returns the words of a failed call without lifecycle action tokens, each of which entitles its bearer to end a wait: the
/// errors of Auto Scaling quote them.
///
/// A word that looks like a token is replaced whole. An ARN, which a refusal names and a person needs, stays.
#[must_use]
pub fn without_tokens(text: &str) -> String {
    let words = text.split(' ');
    let shown = words.map(|word| if is_token(word) { "(token)" } else { word });
    shown.collect::<Vec<_>>().join(" ")
}

/// A token is a UUID. What stands around it, a quote or a name, goes with it.
fn is_token(word: &str) -> bool {
    word.len() >= 36 && word.matches('-').count() == 4 && !word.starts_with("i-") && !word.contains("arn:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_repeated() {
        for token in [
            "630aa23f-48eb-45e7-aba6-799ea6093a0f",
            "630aa23f-48eb-45e7-aba6-799ea6093a0f.",
            "token='630aa23f-48eb-45e7-aba6-799ea6093a0f'",
        ] {
            assert_eq!(
                without_tokens(&format!("No active Lifecycle Action found with token {token}")),
                "No active Lifecycle Action found with token (token)"
            );
        }
    }

    #[test]
    fn instances_and_arns_stay() {
        let denied = "User: arn:aws:sts::123456789012:assumed-role/ecs-daemon-protector-role-x/i-1 is not authorized on i-0ec4c5bee627011b3";
        assert_eq!(without_tokens(denied), denied);
        let four = "arn:aws:iam::123456789012:role/ecs-daemon-protector-coordinator-x";
        assert_eq!(
            (four.matches('-').count(), without_tokens(four)),
            (4, four.to_owned())
        );
    }
}
