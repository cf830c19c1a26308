//! The commands of findings, with the options that they need to reach the account that was examined.

use super::report::Report;
use crate::command::Invocation;

impl Report {
    /// The same findings for a person who has called the tool with these options.
    #[must_use]
    pub fn complete(mut self, invocation: &Invocation) -> Report {
        let findings = self.sections.iter_mut().flat_map(|section| &mut section.findings);
        for fix in findings.filter_map(|finding| finding.fix.as_mut()) {
            *fix = invocation.complete(fix);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::catalog::{CHECKS, Category};
    use crate::doctor::finding::Finding;
    use crate::doctor::report::Section;

    #[test]
    fn each_fix_reaches_the_account_that_was_examined() {
        let id = CHECKS[0].id;
        let findings = vec![
            Finding::fail(id, "wrong").fix("aws events enable-rule --name tick"),
            Finding::warn(id, "odd").fix("protectorctl mode on"),
            Finding::pass(id, "well"),
        ];
        let report = Report {
            sections: vec![Section::whole(Category::Account, findings)],
        };
        let fixes = |report: &Report| {
            let fixes = report.findings().map(|finding| finding.fix.clone());
            fixes.collect::<Vec<_>>()
        };
        let plain = fixes(&report);
        assert_eq!(fixes(&report.clone().complete(&Invocation::default())), plain);
        let given = Invocation {
            profile: Some("on-call".to_owned()),
            region: Some("eu-west-1".to_owned()),
            ..Invocation::default()
        };
        let options = "--profile on-call --region eu-west-1";
        let expected = [
            Some(format!("aws events enable-rule --name tick {options}")),
            Some(format!("protectorctl mode on {options}")),
            None,
        ];
        assert_eq!(fixes(&report.complete(&given)), expected);
    }
}
