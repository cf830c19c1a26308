//! The options with which a person has called the tool. A command that is shown to be typed next must have them too, or it
//! would reach another account, region, prefix or cluster.

use protector_core::ids::ClusterName;
use protector_core::record::ParameterPrefix;

use super::CommandLine;

/// The options that say where to look, as far as they were given on the command line. What the environment says holds for
/// the next command as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--region`.
    pub region: Option<String>,
    /// `--prefix`.
    pub prefix: Option<ParameterPrefix>,
    /// Each `--cluster`.
    pub clusters: Vec<ClusterName>,
}

/// What a command line calls, and so which options it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    /// The AWS CLI: `--profile` and `--region`. A cluster is a parameter of the operation.
    Aws,
    /// This tool, where it looks at an account: all options. The kill switch is one for all clusters.
    Tool { takes_clusters: bool },
    /// What looks at no account.
    Other,
}

impl Program {
    /// The program that a command line of ours begins with.
    fn of(line: &str) -> Program {
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("aws"), Some(_)) => Program::Aws,
            (Some("protectorctl"), Some("mode")) => Program::Tool {
                takes_clusters: false,
            },
            (Some("protectorctl"), Some("status" | "explain" | "doctor" | "release" | "hold" | "extend")) => {
                Program::Tool { takes_clusters: true }
            }
            _ => Program::Other,
        }
    }
}

impl Invocation {
    /// The same for a command about one instance: of several clusters, only its own.
    #[must_use]
    pub fn of(&self, cluster: &ClusterName) -> Invocation {
        let named = !self.clusters.is_empty();
        Invocation {
            clusters: named.then(|| cluster.clone()).into_iter().collect(),
            ..self.clone()
        }
    }

    /// A command line with the options that it needs to reach the same place. Those that it has already stay as they are.
    #[must_use]
    pub fn complete(&self, line: &str) -> String {
        let program = Program::of(line);
        let has = |name: &str| line.split(' ').any(|word| word == name);
        let clusters = match program {
            Program::Tool { takes_clusters: true } if !has("--cluster") => self.clusters.as_slice(),
            _ => &[],
        };
        let prefix = self.prefix.as_ref().map(ToString::to_string);
        let prefix = prefix.filter(|_| matches!(program, Program::Tool { .. }));
        let account = [("--profile", &self.profile), ("--region", &self.region)];
        let account = account.into_iter().filter(|_| program != Program::Other);
        let given = account
            .chain([("--prefix", &prefix)])
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .chain(clusters.iter().map(|cluster| ("--cluster", cluster.as_str())));
        given
            .filter(|(name, _)| !has(name))
            .fold(CommandLine::new(line), |line, (name, value)| {
                line.option(name, value)
            })
            .line()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation() -> Invocation {
        Invocation {
            profile: Some("the on-call".to_owned()),
            region: Some("eu-west-1".to_owned()),
            prefix: Some("/drains".parse().unwrap()),
            clusters: vec!["prod".parse().unwrap(), "staging".parse().unwrap()],
        }
    }

    #[test]
    fn a_command_gets_the_options_that_its_program_takes() {
        let account = "--profile 'the on-call' --region eu-west-1";
        let tool = format!("{account} --prefix /drains");
        let both = format!("{tool} --cluster prod --cluster staging");
        for (line, options) in [
            ("aws ecs stop-task --cluster prod --task 1", account),
            ("aws sso login", account),
            ("protectorctl doctor --only coordinator", both.as_str()),
            ("protectorctl status", both.as_str()),
            ("protectorctl extend i-04f --why ... --by 3m", both.as_str()),
            ("protectorctl mode on", tool.as_str()),
            (
                "protectorctl release i-04f --cluster prod --why ...",
                tool.as_str(),
            ),
        ] {
            assert_eq!(invocation().complete(line), format!("{line} {options}"));
            assert_eq!(Invocation::default().complete(line), line);
        }
        for line in [
            "protectorctl lint a.json",
            "protectorctl policy reader",
            "docker ps",
            "aws",
            "",
        ] {
            assert_eq!(invocation().complete(line), line);
        }
    }

    #[test]
    fn what_a_command_has_already_stays() {
        let only = Invocation {
            region: Some("eu-west-1".to_owned()),
            ..Invocation::default()
        };
        let line = "aws logs filter-log-events --region us-east-1";
        assert_eq!(only.complete(line), line);
        assert_eq!(
            only.complete(&only.complete("aws ecs list-clusters")),
            only.complete("aws ecs list-clusters")
        );
    }

    #[test]
    fn a_command_about_an_instance_names_its_cluster_alone() {
        let cluster = "staging".parse().unwrap();
        let own = invocation().of(&cluster);
        assert_eq!(own.clusters, std::slice::from_ref(&cluster));
        assert_eq!(Invocation::default().of(&cluster), Invocation::default());
    }
}
