//! IAM: what a role may do, by its policy simulator.

use super::Account;
use super::query::{QueryForm, QueryService};
use protector_diagnosis::doctor::role::{Decision, Decisions, RoleAnswers, RoleQuestions, Simulation};
use protector_diagnosis::read::Reading;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct SimulationResponse {
    #[serde(rename = "SimulatePrincipalPolicyResult")]
    result: Page,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    evaluation_results: MemberList<Evaluation>,
    #[serde(default)]
    is_truncated: bool,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
struct MemberList<T> {
    #[serde(default = "Vec::new")]
    member: Vec<T>,
}

impl<T> Default for MemberList<T> {
    fn default() -> MemberList<T> {
        MemberList { member: Vec::new() }
    }
}

/// One action. Its own decision is that on all resources together; that on each is in the specific results
/// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Evaluation {
    eval_action_name: String,
    eval_resource_name: Option<String>,
    eval_decision: String,
    #[serde(default)]
    missing_context_values: MemberList<String>,
    #[serde(default)]
    resource_specific_results: MemberList<Specific>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Specific {
    eval_resource_name: String,
    eval_resource_decision: String,
    #[serde(default)]
    missing_context_values: MemberList<String>,
}

impl Account {
    /// Simulates what is asked about a role.
    pub(crate) async fn simulated(&self, questions: RoleQuestions) -> Reading<RoleAnswers> {
        let mut decisions = Decisions::new();
        for simulation in questions.simulations() {
            self.simulate(&questions.role.arn, &simulation, &mut decisions)
                .await?;
        }
        Ok(RoleAnswers { questions, decisions })
    }

    async fn simulate(&self, role: &str, simulation: &Simulation, decisions: &mut Decisions) -> Reading<()> {
        let form = QueryForm::default()
            .with("PolicySourceArn", role)
            .list("ActionNames.member", &simulation.actions)
            .list("ResourceArns.member", &simulation.resources);
        let mut marker: Option<String> = None;
        loop {
            let form = match marker.take() {
                Some(marker) => form.clone().with("Marker", marker),
                None => form.clone(),
            };
            let request =
                self.query
                    .call::<SimulationResponse>(QueryService::Iam, "SimulatePrincipalPolicy", &form);
            let page = self.call("iam:SimulatePrincipalPolicy", request).await?.result;
            let results = page.evaluation_results.member.into_iter();
            decisions.extend(results.flat_map(|result| decided(result, simulation)));
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(());
            }
        }
    }
}

/// The decisions that a result has: on each resource, or on the only one. A decision on several together is none on
/// each, unless it is that all of them are allowed.
fn decided(result: Evaluation, simulation: &Simulation) -> Vec<((String, String), Decision)> {
    let action = result.eval_action_name;
    let specific = result.resource_specific_results.member;
    if !specific.is_empty() {
        let each = specific.into_iter().map(|one| {
            let decision = decision(&one.eval_resource_decision, one.missing_context_values.member);
            ((action.clone(), one.eval_resource_name), decision)
        });
        return each.collect();
    }
    let of_all = decision(&result.eval_decision, result.missing_context_values.member);
    let alone = simulation.resources.len() == 1;
    match (result.eval_resource_name, of_all) {
        (Some(name), decision) if alone => vec![((action, name), decision)],
        (_, Decision::Allowed) => {
            let all = simulation.resources.iter();
            all.map(|name| ((action.clone(), name.clone()), Decision::Allowed))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn decision(text: &str, missing: Vec<String>) -> Decision {
    match text {
        "allowed" => Decision::Allowed,
        "implicitDeny" if !missing.is_empty() => Decision::Depends(missing),
        _ => Decision::Denied,
    }
}

#[cfg(test)]
mod tests;
