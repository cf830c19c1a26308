//! Names have the characters and the length that their service allows.

use super::text::text_id;

fn is_name(text: &str, chars_max: usize, also: &str) -> bool {
    (1..=chars_max).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

text_id!(
    /// An EC2 instance id, `i-` and 8 or 17 hexadecimal digits.
    InstanceId,
    "an EC2 instance id such as i-0123456789abcdef0",
    |t| t.strip_prefix("i-").is_some_and(|h| matches!(h.len(), 8 | 17) && is_hex(h))
);

text_id!(
    /// The name of an ECS cluster: up to 255 letters, digits, hyphens and underscores (`CreateCluster`).
    ClusterName,
    "an ECS cluster name (letters, digits, - and _, at most 255)",
    |t| is_name(t, 255, "-_")
);

text_id!(
    /// The name of an ECS service: up to 255 letters, digits, hyphens and underscores (`CreateService`).
    ServiceName,
    "an ECS service name (letters, digits, - and _, at most 255)",
    |t| is_name(t, 255, "-_")
);

text_id!(
    /// The name of a container in a task definition: up to 255 letters, digits, hyphens and underscores.
    ContainerName,
    "a container name (letters, digits, - and _, at most 255)",
    |t| is_name(t, 255, "-_")
);

text_id!(
    /// The name of an Auto Scaling group: 1 to 255 printable characters.
    AutoScalingGroupName,
    "an Auto Scaling group name (1 to 255 printable characters)",
    |t| (1..=255).contains(&t.chars().count()) && !t.chars().any(char::is_control)
);

text_id!(
    /// The name of a lifecycle hook: up to 255 letters, digits, `-`, `_` and `/` (`PutLifecycleHook`).
    LifecycleHookName,
    "a lifecycle hook name (letters, digits, -, _ and /, at most 255)",
    |t| is_name(t, 255, "-_/")
);

text_id!(
    /// Names one waiting of one hook for one instance. It entitles its bearer to end the wait: never logged.
    LifecycleActionToken,
    "a lifecycle action token (a UUID of 36 characters)",
    |t| t.len() == 36 && t.chars().all(|c| c.is_ascii_hexdigit() || c == '-'),
    secret
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::QUOTED_CHARS_MAX;

    #[test]
    fn instance_ids_have_two_lengths() {
        for good in ["i-12345678", "i-0123456789abcdef0"] {
            assert_eq!(good.parse::<InstanceId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "i-",
            "i-123",
            "j-12345678",
            "i-0123456789abcdefg",
            "i-12345678 ",
            "mi-12345678",
        ] {
            assert!(bad.parse::<InstanceId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_is_not_shown_and_neither_is_one_with_a_mistake() {
        let token = "630aa23f-48eb-45e7-aba6-799ea6093a0f";
        let good: LifecycleActionToken = token.parse().unwrap();
        assert_eq!(format!("{good:?}"), "LifecycleActionToken(\"(not shown)\")");
        let wrong = format!("{token} ").parse::<LifecycleActionToken>().unwrap_err();
        assert!(!format!("{wrong} {wrong:?}").contains(token), "{wrong}");
        let shown = "i-12345678".parse::<InstanceId>().unwrap();
        assert_eq!(format!("{shown:?}"), "InstanceId(\"i-12345678\")");
    }

    #[test]
    fn a_foreign_text_is_quoted_short() {
        let error = "x".repeat(10_000).parse::<InstanceId>().unwrap_err();
        assert_eq!(error.value.chars().count(), QUOTED_CHARS_MAX);
        assert!(error.value.ends_with("x…"), "{error}");
    }
}
