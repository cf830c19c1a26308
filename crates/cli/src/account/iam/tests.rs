use super::*;

fn read(results: &str) -> Vec<((String, String), Decision)> {
    let text = format!(
        "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>\
         <EvaluationResults>{results}</EvaluationResults></SimulatePrincipalPolicyResult>\
         </SimulatePrincipalPolicyResponse>"
    );
    let answer: SimulationResponse = quick_xml::de::from_str(&text).unwrap();
    let simulation = Simulation {
        actions: vec!["ssm:GetParameter"],
        resources: vec!["arn:a".to_owned(), "arn:b".to_owned()],
    };
    let results = answer.result.evaluation_results.member.into_iter();
    results.flat_map(|result| decided(result, &simulation)).collect()
}

const HEAD: &str =
    "<member><EvalActionName>ssm:GetParameter</EvalActionName><EvalResourceName>arn:a</EvalResourceName>";

#[test]
fn each_resource_has_its_own_decision() {
    let specific = |name: &str, decision: &str, missing: &str| {
        format!(
            "<member><EvalResourceName>{name}</EvalResourceName>\
             <EvalResourceDecision>{decision}</EvalResourceDecision><MatchedStatements/>{missing}</member>"
        )
    };
    let condition = "<MissingContextValues><member>aws:SourceVpce</member></MissingContextValues>";
    let of = |a: String, b: String| {
        let results = format!("<ResourceSpecificResults>{a}{b}</ResourceSpecificResults>");
        read(&format!(
            "{HEAD}<EvalDecision>implicitDeny</EvalDecision>{results}</member>"
        ))
    };
    let found = of(
        specific("arn:a", "allowed", ""),
        specific("arn:b", "implicitDeny", condition),
    );
    let key = |name: &str| ("ssm:GetParameter".to_owned(), name.to_owned());
    let depends = Decision::Depends(vec!["aws:SourceVpce".to_owned()]);
    assert_eq!(
        found,
        [(key("arn:a"), Decision::Allowed), (key("arn:b"), depends)]
    );
    let found = of(
        specific("arn:a", "explicitDeny", condition),
        specific("arn:b", "implicitDeny", "<MissingContextValues/>"),
    );
    assert!(
        found.iter().all(|(_, decision)| *decision == Decision::Denied),
        "{found:?}"
    );
}

#[test]
fn a_decision_on_all_together_is_none_on_each_unless_all_are_allowed() {
    let denied = read(&format!(
        "{HEAD}<EvalDecision>implicitDeny</EvalDecision></member>"
    ));
    assert!(denied.is_empty(), "{denied:?}");
    let allowed = read(&format!("{HEAD}<EvalDecision>allowed</EvalDecision></member>"));
    assert_eq!(allowed.len(), 2, "{allowed:?}");
}
