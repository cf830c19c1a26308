//! Who asks, and what was refused.

use crate::doctor::catalog::{Category, CheckId};
use crate::doctor::finding::Finding;
use crate::doctor::reads::{AccountReads, DoctorReads};
use crate::explain::command::CommandLine;
use crate::read::GapKind;
use crate::time_format::span;

pub(super) fn check(reads: &DoctorReads) -> Vec<Finding> {
    let account = &reads.account;
    let region = region(account);
    if super::is_fatal(&region) {
        return with_rest(vec![region], "no region is set");
    }
    let credentials = credentials(account);
    if super::is_fatal(&credentials) {
        return with_rest(vec![credentials, region], "there are no valid credentials");
    }
    vec![credentials, region, permissions(account), clock(account)]
}

fn with_rest(findings: Vec<Finding>, why: &str) -> Vec<Finding> {
    super::complete(Category::Account, findings, why)
}

fn credentials(account: &AccountReads) -> Finding {
    let id = CheckId::Credentials;
    match &account.caller {
        Ok(arn) => Finding::pass(id, format!("signed in as {arn}")),
        Err(gap) if gap.kind == GapKind::SignedOut => {
            let finding = Finding::fail(id, "no credentials, or they have expired");
            finding
                .hint(gap.message.clone())
                .hint("sign in with `aws sso login`, `aws login` or `aws configure mfa-login`, or name a --profile")
                .fix("aws sso login")
        }
        Err(gap) => Finding::not_known(id, "the caller", gap),
    }
}

fn region(account: &AccountReads) -> Finding {
    match &account.region {
        Some(region) => Finding::pass(CheckId::Region, format!("region {region}")),
        None => Finding::fail(CheckId::Region, "no region is set")
            .hint("give --region, or set AWS_REGION or the profile's region"),
    }
}

/// What only the checks call that look deeper.
const DEEP: [&str; 2] = ["ec2:DescribeInstances", "iam:SimulatePrincipalPolicy"];

fn permissions(account: &AccountReads) -> Finding {
    let mut missing: Vec<&str> = account
        .gaps
        .iter()
        .filter(|gap| gap.kind == GapKind::Denied)
        .map(|gap| gap.call)
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Finding::pass(CheckId::Permissions, "all reads are allowed");
    }
    let finding = Finding::warn(
        CheckId::Permissions,
        format!("not allowed: {}", missing.join(", ")),
    );
    let (deep, plain): (Vec<&str>, Vec<&str>) = missing.iter().partition(|call| DEEP.contains(call));
    let finding = match deep.is_empty() {
        true => finding,
        false => finding.hint(format!(
            "`protectorctl policy reader --deep` has {}; the stack's policies have not",
            deep.join(", ")
        )),
    };
    if plain.is_empty() {
        return finding;
    }
    let finding = finding.hint("the ARN is the output ReaderPolicyArn of the stack");
    match account.caller.as_deref().ok().and_then(attach) {
        Some(command) => finding.fix(command),
        None => finding,
    }
}

/// The command that gives the caller the reader's policy.
fn attach(arn: &str) -> Option<String> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let mut parts = resource.split('/');
    let command = match parts.next()? {
        "assumed-role" => CommandLine::new("aws iam attach-role-policy").option("--role-name", parts.next()?),
        "user" => CommandLine::new("aws iam attach-user-policy").option("--user-name", parts.next_back()?),
        _ => return None,
    };
    Some(command.option("--policy-arn", "OUTPUT_READER_POLICY_ARN").line())
}

fn clock(account: &AccountReads) -> Finding {
    match account.clock_error {
        None => Finding::pass(CheckId::Clock, "the clock is within 5 s of that of AWS"),
        Some(error) => {
            let way = if error.is_negative() { "ahead of" } else { "behind" };
            let text = format!(
                "the clock of this machine is {} {way} that of AWS",
                span(error.abs())
            );
            Finding::warn(CheckId::Clock, text)
                .hint("times are corrected by it; turn time synchronization on")
        }
    }
}
