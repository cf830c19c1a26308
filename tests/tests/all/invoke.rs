//! Lambda's `Invoke` over HTTP: the real coordinator answers an operator, in the words and with the headers of Lambda.

use protector_aws_model::Service;
use protector_aws_model::faults::CallFilter;
use protector_tests::{Lab, LabConfig, PERSON, order};

use crate::http::{self, Answer};

const NAME: &str = "ecs-daemon-protector";

async fn ask(lab: &Lab, line: &str, headers: &str, body: &str) -> Answer {
    let [line, headers, body] = [line, headers, body].map(str::to_owned);
    let endpoint = lab.aws.endpoint_url();
    let asked = tokio::task::spawn_blocking(move || http::ask(&endpoint, "lambda", &line, &headers, &body));
    asked.await.unwrap()
}

async fn invoke(lab: &Lab, function: &str, headers: &str, body: &str) -> Answer {
    let line = format!("POST /2015-03-31/functions/{function}/invocations");
    ask(lab, &line, headers, body).await
}

fn release(lab: &Lab) -> String {
    order("release", lab.instance()).to_string()
}

#[tokio::test]
async fn an_order_over_http_is_answered_by_the_coordinator() {
    let lab = Lab::start(LabConfig::default()).await;
    let arn = format!("arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3A{NAME}%3A%24LATEST");
    for function in [NAME, &format!("{NAME}:%24LATEST"), &arn] {
        let answer = invoke(&lab, function, "", &release(&lab)).await;
        let (head, body) = (answer.head, answer.body);
        assert_eq!(answer.status, 200, "{head}");
        assert_eq!(
            body["ignored"][0]["reason"], "the instance does not drain",
            "{body}"
        );
        assert!(head.contains("x-amz-executed-version: $latest"), "{head}");
        assert!(!head.contains("x-amz-function-error"), "{head}");
    }
    let qualified = format!("POST /2015-03-31/functions/{NAME}/invocations?Qualifier=%24LATEST");
    assert_eq!(ask(&lab, &qualified, "", &release(&lab)).await.status, 200);
}

#[tokio::test]
async fn a_mistake_in_an_order_is_an_error_of_the_function() {
    let lab = Lab::start(LabConfig::default()).await;
    let answer = invoke(&lab, NAME, "", r#"{"command":"let-go"}"#).await;
    let head = answer.head;
    assert_eq!(answer.status, 200);
    assert!(head.contains("x-amz-function-error: unhandled"), "{head}");
    assert_eq!(answer.body["errorType"], "Coordinator.Failed");
}

#[tokio::test]
async fn what_lambda_refuses_is_refused() {
    let lab = Lab::start(LabConfig::default()).await;
    let refused = async |function: &str, headers: &str, body: &str, status: u16, code: &str| {
        let answer = invoke(&lab, function, headers, body).await;
        assert_eq!(answer.status, status, "{function}: {}", answer.head);
        let header = format!("x-amzn-errortype: {}", code.to_lowercase());
        assert!(answer.head.contains(&header), "{function}: {}", answer.head);
    };
    for other in ["other", &format!("{NAME}:dead")] {
        refused(other, "", "{}", 404, "ResourceNotFoundException").await;
    }
    refused(NAME, "", "no json", 400, "InvalidRequestContentException").await;
    let unknown = "x-amz-invocation-type: Later\r\n";
    refused(NAME, unknown, "{}", 400, "InvalidParameterValueException").await;
    let get = format!("GET /2015-03-31/functions/{NAME}/policy");
    let answer = ask(&lab, &get, "", "").await;
    assert_eq!(answer.status, 403);
    assert!(answer.head.contains("x-amzn-errortype: accessdeniedexception"));
    lab.deny(CallFilter::operation(Service::Lambda, "Invoke").by(PERSON));
    refused(NAME, "", "{}", 403, "AccessDeniedException").await;
    lab.aws.stop_coordinator();
    lab.aws.faults(protector_aws_model::Faults::clear);
    refused(NAME, "", "{}", 404, "ResourceNotFoundException").await;
    assert!(lab.aws.invocations().is_empty(), "the function did not run");
}

#[tokio::test]
async fn a_caller_that_does_not_wait_is_answered_at_once_and_a_dry_run_runs_nothing() {
    let lab = Lab::start(LabConfig::default()).await;
    let dry = invoke(&lab, NAME, "x-amz-invocation-type: DryRun\r\n", &release(&lab)).await;
    assert_eq!(dry.status, 204);
    assert!(lab.aws.invocations().is_empty());
    let event = invoke(&lab, NAME, "x-amz-invocation-type: Event\r\n", &release(&lab)).await;
    assert_eq!(event.status, 202);
    lab.until("the function has run", || lab.aws.invocations().len() == 1)
        .await;
}
