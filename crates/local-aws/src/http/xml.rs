//! The AWS Query protocol, writing side: results and errors as XML.

use jiff::Timestamp;
use protector_aws_model::ApiError;
use serde_json::Value;

/// Of the answers of Auto Scaling.
pub(crate) const AUTO_SCALING: &str = "http://autoscaling.amazonaws.com/doc/2011-01-01/";

/// Of the answers of STS.
pub(crate) const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Of the answers of Elastic Load Balancing, version 2.
pub(crate) const LOAD_BALANCING: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

/// Of the answers of Elastic Load Balancing, version 1: Classic Load Balancers.
pub(crate) const CLASSIC_LOAD_BALANCING: &str = "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/";

/// Of the answers of IAM.
pub(crate) const IAM: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Of the answers of EC2.
pub(crate) const EC2: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// Of the answers of CloudWatch.
pub(crate) const CLOUD_WATCH: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// Of errors that are of no service.
pub(crate) const FAULT: &str = "http://webservices.amazon.com/AWSFault/2005-15-09";

/// Members that are moments: the model speaks epoch seconds, the Query protocol ISO 8601.
pub(super) const TIMESTAMPS: &[&str] = &[
    "CreateDate",
    "CreatedTime",
    "StartTime",
    "EndTime",
    "Time",
    "StateUpdatedTimestamp",
    "Timestamps",
];

/// `<OpResponse>` around the result of `operation`.
pub(crate) fn response(namespace: &str, operation: &str, result: &Value, request_id: &str) -> String {
    let mut xml = format!("<{operation}Response xmlns=\"{namespace}\">");
    element(&mut xml, &format!("{operation}Result"), result, "member");
    xml.push_str(&format!(
        "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
    ));
    xml
}

/// `<OpResponse>` of EC2: the result without an element of its own, and lists of `<item>`.
pub(crate) fn ec2_response(operation: &str, result: &Value, request_id: &str) -> String {
    let mut xml = format!("<{operation}Response xmlns=\"{EC2}\"><requestId>{request_id}</requestId>");
    content(&mut xml, operation, result, "item");
    xml.push_str(&format!("</{operation}Response>"));
    xml
}

/// `<Response>` with the errors of EC2.
pub(crate) fn ec2_error(error: &ApiError, request_id: &str) -> String {
    let (code, message) = (escape(&error.code), escape(&error.message));
    format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
         <RequestID>{request_id}</RequestID></Response>"
    )
}

/// `<ErrorResponse>`. Below status 500 its type is `Sender`: the caller caused the error.
pub(crate) fn error(namespace: &str, error: &ApiError, request_id: &str) -> String {
    let blame = if error.status < 500 { "Sender" } else { "Receiver" };
    let code = escape(&error.code);
    let message = escape(&error.message);
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{blame}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
}

/// `item` is the name of the items of lists.
fn element(xml: &mut String, name: &str, value: &Value, item: &str) {
    if value.is_null() && !name.ends_with("Result") {
        return;
    }
    xml.push_str(&format!("<{name}>"));
    content(xml, name, value, item);
    xml.push_str(&format!("</{name}>"));
}

fn content(xml: &mut String, name: &str, value: &Value, item: &str) {
    match value {
        Value::Null => {}
        Value::Object(members) => members
            .iter()
            .for_each(|(key, member)| element(xml, key, member, item)),
        Value::Array(items) if TIMESTAMPS.contains(&name) => items.iter().for_each(|one| {
            xml.push_str(&format!("<{item}>{}</{item}>", iso(one.as_f64())));
        }),
        Value::Array(items) => items.iter().for_each(|one| element(xml, item, one, item)),
        Value::Number(seconds) if TIMESTAMPS.contains(&name) => xml.push_str(&iso(seconds.as_f64())),
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Bool(_) | Value::Number(_) => xml.push_str(&value.to_string()),
    }
}

fn iso(seconds: Option<f64>) -> String {
    let milliseconds = seconds.unwrap_or_default() * 1000.0;
    Timestamp::from_millisecond(milliseconds.round() as i64)
        .unwrap_or_default()
        .to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_moments_and_reserved_characters_are_written() {
        let result = json!({"Groups": [{"Name": "a<&b", "CreatedTime": 1.5, "Size": 2, "Gone": null}]});
        let xml = response(AUTO_SCALING, "DescribeX", &result, "r-1");
        assert_eq!(
            xml,
            "<DescribeXResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><DescribeXResult>\
             <Groups><member><CreatedTime>1970-01-01T00:00:01.5Z</CreatedTime><Name>a&lt;&amp;b</Name>\
             <Size>2</Size></member></Groups></DescribeXResult><ResponseMetadata><RequestId>r-1</RequestId>\
             </ResponseMetadata></DescribeXResponse>"
        );
    }

    #[test]
    fn ec2_has_no_result_element_and_lists_of_items() {
        let result = json!({"set": [{"id": "i-1", "parts": [1]}]});
        assert_eq!(
            ec2_response("DescribeX", &result, "r-1"),
            "<DescribeXResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r-1</requestId>\
             <set><item><id>i-1</id><parts><item>1</item></parts></item></set></DescribeXResponse>"
        );
        let fault = ApiError::new("UnauthorizedOperation", "a<b", 403);
        assert_eq!(
            ec2_error(&fault, "r"),
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>a&lt;b</Message></Error></Errors>\
             <RequestID>r</RequestID></Response>"
        );
    }

    #[test]
    fn an_error_says_whose_fault_it_was() {
        let mut fault = ApiError::new("Throttling", "Rate exceeded", 400);
        assert!(error(AUTO_SCALING, &fault, "r").contains("<Type>Sender</Type><Code>Throttling</Code>"));
        fault.status = 500;
        assert!(error(AUTO_SCALING, &fault, "r").contains("<Type>Receiver</Type>"));
    }
}
