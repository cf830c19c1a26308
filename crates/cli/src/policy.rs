//! `protectorctl policy`: the IAM policies for people who use this tool.

use crate::exit::Exit;
use crate::output;
use clap::{Args, ValueEnum};
use protector_core::ids::ClusterName;
use protector_core::record::{DEFAULT_PREFIX, ParameterPrefix};
use serde_json::Value;
use std::error::Error;

/// What the stack grants to readers, with placeholders.
const READER: &str = include_str!("../../../deploy/policies/reader.json");

/// What it grants to operators beside that.
const OPERATOR: &str = include_str!("../../../deploy/policies/operator.json");

/// What `doctor --deep` needs beside the reader's.
const DEEP: &str = include_str!("../../../deploy/policies/deep.json");

/// Help below the options.
const EXAMPLES: &str = "\
The stack makes the same policies: outputs ReaderPolicyArn and OperatorPolicyArn. An operator's policy has the reader's
statements too.

Examples:
  For a role that may look, at one cluster:
    protectorctl policy reader --cluster prod > reader.json

  For on-call, in one account and region:
    protectorctl policy operator --account 123456789012 --region eu-west-1

  With what `doctor --deep` needs:
    protectorctl policy reader --deep

  As a policy of your account:
    aws iam create-policy --policy-name drains --policy-document file://reader.json

Exit codes:
  0    printed
  2    an option is wrong
  141  the reader of the output went away";

/// Arguments of `policy`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct PolicyArgs {
    /// For whom.
    #[arg(value_name = "WHO")]
    who: Who,
    /// Add what `doctor --deep` needs: the simulator of policies, for all roles of the account, and the description of
    /// instances.
    #[arg(long)]
    deep: bool,
    /// A cluster; may be given several times. By default all.
    #[arg(
        long = "cluster",
        value_name = "NAME",
        env = "PROTECTORCTL_CLUSTER",
        value_delimiter = ','
    )]
    clusters: Vec<ClusterName>,
    /// Prefix of the parameters: PARAMETER_PREFIX of the coordinator.
    #[arg(long, value_name = "PATH", env = "PROTECTORCTL_PREFIX", default_value = DEFAULT_PREFIX)]
    prefix: ParameterPrefix,
    /// Name of the coordinator's function, of its queues and of its log; `*` at its end stands for anything.
    #[arg(long, value_name = "NAME", default_value = "ecs-daemon-protector*", value_parser = name)]
    stack: String,
    /// Account; by default any.
    #[arg(long, value_name = "NUMBER", default_value = "*", value_parser = account)]
    account: String,
    /// Region; by default any.
    #[arg(long, value_name = "REGION", default_value = "*", value_parser = name)]
    region: String,
    /// Partition.
    #[arg(long, value_name = "PARTITION", default_value = "aws")]
    partition: Partition,
}

/// For whom a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Who {
    /// `status`, `explain`, `doctor`: no write.
    Reader,
    /// The same, and `release`, `hold`, `extend`, `mode`.
    Operator,
}

/// A partition of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Partition {
    /// The public regions.
    Aws,
    /// The regions in China.
    AwsCn,
    /// GovCloud.
    AwsUsGov,
}

impl Partition {
    fn name(self) -> &'static str {
        match self {
            Partition::Aws => "aws",
            Partition::AwsCn => "aws-cn",
            Partition::AwsUsGov => "aws-us-gov",
        }
    }
}

fn account(text: &str) -> Result<String, String> {
    let is_number = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    match is_number || text == "*" {
        true => Ok(text.to_owned()),
        false => Err("expected twelve digits, or *".to_owned()),
    }
}

fn name(text: &str) -> Result<String, String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_*".contains(letter);
    match !text.is_empty() && text.chars().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err("expected letters, digits, - and _".to_owned()),
    }
}

pub(crate) fn run(args: &PolicyArgs) -> Result<Exit, Box<dyn Error>> {
    let policy = document(args)?;
    output::line(&serde_json::to_string_pretty(&policy)?)?;
    Ok(Exit::Good)
}

fn document(args: &PolicyArgs) -> serde_json::Result<Value> {
    let mut policy: Value = serde_json::from_str(READER)?;
    let parts = [(args.deep, DEEP), (args.who == Who::Operator, OPERATOR)];
    for (_, text) in parts.into_iter().filter(|(wanted, _)| *wanted) {
        let part: Value = serde_json::from_str(text)?;
        let more = part["Statement"].as_array().cloned().unwrap_or_default();
        if let Some(statements) = policy["Statement"].as_array_mut() {
            statements.extend(more);
        }
    }
    fill(&mut policy, args);
    Ok(policy)
}

/// Replaces the placeholders. That of the clusters is an item of a list, and becomes as many.
fn fill(value: &mut Value, args: &PolicyArgs) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, args)),
        Value::Array(items) => {
            let filled = std::mem::take(items)
                .into_iter()
                .flat_map(|item| match item.as_str() {
                    Some("${Cluster}") => clusters(args),
                    _ => vec![item],
                });
            *items = filled.collect();
            items.iter_mut().for_each(|item| fill(item, args));
        }
        Value::String(text) => {
            let log = format!("/aws/lambda/{}", args.stack);
            for (placeholder, with) in [
                ("${Partition}", args.partition.name()),
                ("${Region}", &args.region),
                ("${Account}", &args.account),
                ("${Prefix}", &args.prefix.to_string()),
                ("${Function}", &args.stack),
                ("${LogGroup}", &log),
                ("${DeadLetters}", &args.stack),
                ("${FailedEvents}", &args.stack),
            ] {
                *text = text.replace(placeholder, with);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn clusters(args: &PolicyArgs) -> Vec<Value> {
    let arn = |name: &str| {
        Value::String(format!(
            "arn:${{Partition}}:ecs:${{Region}}:${{Account}}:cluster/{name}"
        ))
    };
    match args.clusters.as_slice() {
        [] => vec![arn("*")],
        named => named.iter().map(|cluster| arn(cluster.as_str())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PolicyArgs,
    }

    fn policy(line: &[&str]) -> Value {
        let words = std::iter::once("policy").chain(line.iter().copied());
        document(&Line::parse_from(words).args).unwrap()
    }

    #[test]
    fn no_placeholder_is_left() {
        for who in ["reader", "operator"] {
            for more in [
                vec![],
                vec![
                    "--deep",
                    "--cluster",
                    "prod,batch",
                    "--account",
                    "123456789012",
                    "--region",
                    "eu-west-1",
                ],
            ] {
                let line: Vec<&str> = std::iter::once(who).chain(more).collect();
                let text = policy(&line).to_string();
                assert!(!text.contains("${"), "{text}");
            }
        }
    }

    #[test]
    fn an_operator_may_do_what_a_reader_may_and_order() {
        let count = |policy: &Value| policy["Statement"].as_array().unwrap().len();
        let (reader, operator) = (policy(&["reader"]), policy(&["operator", "--prefix", "/ops"]));
        assert_eq!(count(&operator), count(&reader) + 2);
        assert!(!reader.to_string().contains("InvokeFunction"));
        let deep = policy(&["reader", "--deep", "--account", "123456789012"]);
        assert_eq!(count(&deep), count(&reader) + 2);
        let roles = r#""Action":["iam:SimulatePrincipalPolicy"],"Effect":"Allow","Resource":["arn:aws:iam::123456789012:role/*"]"#;
        assert!(deep.to_string().contains(roles), "{deep}");
        assert!(!reader.to_string().contains("SimulatePrincipalPolicy"));
        assert!(
            operator
                .to_string()
                .contains("arn:aws:ssm:*:*:parameter/ops/control"),
            "{operator}"
        );
    }

    #[test]
    fn named_clusters_are_a_list() {
        let text = policy(&["reader", "--cluster", "prod", "--cluster", "batch"]).to_string();
        let expected = r#"["arn:aws:ecs:*:*:cluster/prod","arn:aws:ecs:*:*:cluster/batch"]"#;
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn an_account_is_a_number() {
        assert!(account("123456789012").is_ok() && account("*").is_ok());
        assert!(account("12345").is_err() && account("12345678901x").is_err());
        assert!(name("a b").is_err() && name("").is_err());
    }
}
