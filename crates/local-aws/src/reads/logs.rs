//! CloudWatch Logs: the lines of the coordinator and the heartbeats.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>

use super::ReadAnswer;
use super::pattern::Pattern;
use crate::lambda::LOG_GROUP;
use crate::process::LogEntry;
use protector_aws_model::ApiError;
use serde_json::{Value, json};

/// The most events of one page.
const LIMIT: i64 = 10_000;

/// The one stream of the group.
const STREAM: &str = "local";

/// Before the number of the next line in a token. A caller must not look into it.
const TOKEN: &str = "from ";

/// A page of the events that fit, the oldest first.
pub(super) fn filter(entries: &[LogEntry], params: &Value) -> ReadAnswer {
    known_group(params)?;
    let text = params["filterPattern"].as_str().unwrap_or_default();
    let pattern = Pattern::read(text).ok_or_else(|| invalid(format!("Invalid filter pattern: {text}")))?;
    let limit = params["limit"].as_i64().unwrap_or(LIMIT);
    let limit = match usize::try_from(limit) {
        Ok(limit) if limit > 0 => limit.min(LIMIT as usize),
        _ => return Err(invalid(format!("limit must be between 1 and {LIMIT}"))),
    };
    let from = from(params)?;
    let (after, before) = (params["startTime"].as_i64(), params["endTime"].as_i64());
    let fits = |entry: &&LogEntry| {
        let at = entry.at.as_millisecond();
        entry.number >= from
            && after.is_none_or(|after| at >= after)
            && before.is_none_or(|before| at <= before)
            && pattern.matches(&entry.line)
    };
    let mut found = entries.iter().filter(fits);
    let page: Vec<Value> = found.by_ref().take(limit).map(event).collect();
    let mut answer = json!({"events": page, "searchedLogStreams": []});
    if let Some(next) = found.next() {
        answer["nextToken"] = format!("{TOKEN}{}", next.number).into();
    }
    Ok(answer)
}

/// A group is named by its name, or by its ARN.
fn known_group(params: &Value) -> Result<(), ApiError> {
    let named = ["logGroupName", "logGroupIdentifier"].map(|member| params[member].as_str());
    let Some(name) = named.into_iter().flatten().next() else {
        return Err(invalid("logGroupName or logGroupIdentifier must be given"));
    };
    let plain = name.strip_suffix(":*").unwrap_or(name);
    let plain = plain.split_once(":log-group:").map_or(plain, |(_, plain)| plain);
    match plain == LOG_GROUP {
        true => Ok(()),
        false => Err(ApiError::new(
            "ResourceNotFoundException",
            "The specified log group does not exist.",
            400,
        )),
    }
}

fn from(params: &Value) -> Result<u64, ApiError> {
    let Some(token) = params["nextToken"].as_str() else {
        return Ok(0);
    };
    let number = token.strip_prefix(TOKEN).and_then(|number| number.parse().ok());
    number.ok_or_else(|| invalid("The specified nextToken is invalid."))
}

fn event(entry: &LogEntry) -> Value {
    json!({
        "logStreamName": STREAM,
        "timestamp": entry.at.as_millisecond(),
        "message": entry.line,
        "ingestionTime": entry.at.as_millisecond(),
        "eventId": format!("{:056}", entry.number),
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message, 400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn entries(count: u64) -> Vec<LogEntry> {
        let one = |number| LogEntry {
            number,
            at: Timestamp::from_second(i64::try_from(number).unwrap()).unwrap(),
            line: format!(
                r#"{{"event":"{}"}}"#,
                if number % 2 == 0 { "tick" } else { "receipt" }
            ),
        };
        (0..count).map(one).collect()
    }

    fn ask(params: Value) -> ReadAnswer {
        let mut all = json!({"logGroupName": LOG_GROUP});
        all.as_object_mut()
            .unwrap()
            .extend(params.as_object().unwrap().clone());
        filter(&entries(10), &all)
    }

    /// The seconds of the events of each page.
    fn pages(mut params: Value) -> Vec<Vec<i64>> {
        let mut pages = Vec::new();
        loop {
            let answer = ask(params.clone()).unwrap();
            let events = answer["events"].as_array().unwrap().iter();
            pages.push(
                events
                    .map(|one| one["timestamp"].as_i64().unwrap() / 1000)
                    .collect(),
            );
            match answer.get("nextToken") {
                Some(token) => params["nextToken"] = token.clone(),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_have_what_fits_and_nothing_twice() {
        let receipts = json!({"filterPattern": r#"{ $.event = "receipt" }"#, "limit": 2});
        assert_eq!(pages(receipts), [vec![1, 3], vec![5, 7], vec![9]]);
        assert_eq!(
            pages(json!({"limit": 5})),
            [vec![0, 1, 2, 3, 4], vec![5, 6, 7, 8, 9]]
        );
        assert_eq!(pages(json!({"startTime": 3000, "endTime": 4000})), [vec![3, 4]]);
        assert_eq!(pages(json!({"filterPattern": "nothing"})), [Vec::<i64>::new()]);
    }

    #[test]
    fn a_group_has_two_names_and_another_is_not_there() {
        let arn = format!("arn:aws:logs:eu-west-1:1:log-group:{LOG_GROUP}:*");
        let named = |name: &str| filter(&entries(1), &json!({"logGroupIdentifier": name}));
        assert!(named(&arn).is_ok());
        assert_eq!(
            named("/aws/lambda/other").unwrap_err().code,
            "ResourceNotFoundException"
        );
    }

    #[test]
    fn wrong_input_is_refused() {
        for wrong in [
            json!({"filterPattern": "-x"}),
            json!({"limit": 0}),
            json!({"nextToken": "x"}),
        ] {
            assert_eq!(
                ask(wrong.clone()).unwrap_err().code,
                "InvalidParameterException",
                "{wrong}"
            );
        }
    }
}
