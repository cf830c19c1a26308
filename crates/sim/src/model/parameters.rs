//! Parameter Store as its callers see it: reads that lag, writes that observers see.

use super::errors::CallError;
use super::facts::{Caller, Fact};
use super::ssm::Stored;
use super::world::World;
use crate::scenario::{MINUTE, SECOND, Trouble};

impl World {
    /// `GetParameter`, with what may go wrong with a read. `name:version` reads one version.
    ///
    /// # Errors
    /// `ParameterNotFound`.
    pub fn read_parameter(&mut self, name: &str) -> Result<Stored, CallError> {
        let now = self.now;
        let stale = self.faults.strikes(now, &Trouble::StaleParameter, &mut self.rng);
        let hidden = self
            .faults
            .strikes(now, &Trouble::ParameterNotFound, &mut self.rng);
        let found = match name.rsplit_once(':') {
            Some((name, version)) => version
                .parse()
                .ok()
                .and_then(|version| self.parameters.version(name, version)),
            None => self.parameters.get(name),
        };
        let fresh = found.is_some_and(|stored| now - stored.at < MINUTE);
        let found = match found {
            Some(_) if fresh && hidden => None,
            Some(stored) if fresh && stale && now - stored.at < 5 * SECOND => {
                self.parameters.before(name).filter(|_| stored.version > 1)
            }
            found => found,
        };
        found
            .cloned()
            .ok_or_else(|| CallError::new("ParameterNotFound", "parameter not found"))
    }

    /// `PutParameter` with overwrite.
    ///
    /// # Errors
    /// The error in the words of SSM.
    pub fn write_parameter(&mut self, by: Caller, name: &str, text: &str) -> Result<i64, CallError> {
        let version = self.parameters.put(self.now, name, text).map_err(|error| {
            let (code, message) = error.parts();
            CallError::new(code, message)
        })?;
        self.tell(&Fact::Parameter {
            name,
            text: Some(text),
            version,
            by,
        });
        Ok(version)
    }

    /// `DeleteParameters`.
    pub fn delete_parameter(&mut self, by: Caller, name: &str) {
        if let Some(stored) = self.parameters.delete(name) {
            self.tell(&Fact::Parameter {
                name,
                text: None,
                version: stored.version,
                by,
            });
        }
    }

    /// The parameters below a path; a torn listing leaves some out.
    pub fn parameters_below(&mut self, path: &str) -> Vec<(String, Stored)> {
        let all: Vec<(String, Stored)> = self
            .parameters
            .below(path)
            .map(|(name, stored)| (name.clone(), stored.clone()))
            .collect();
        let now = self.now;
        let mut kept = all;
        kept.retain(|_| !self.faults.strikes(now, &Trouble::TornListing, &mut self.rng));
        kept
    }
}
