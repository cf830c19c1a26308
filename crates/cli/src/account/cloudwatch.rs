//! Metrics and alarms.

use super::Account;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat};
use aws_smithy_types::DateTime;
use jiff::SignedDuration;
use protector_diagnosis::doctor::reads::Alarm;
use protector_diagnosis::read::Reading;
use std::collections::BTreeMap;

/// A metric that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MetricRequest<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) dimensions: &'a [(&'a str, &'a str)],
    /// What is made of the values of a period.
    pub(crate) statistic: Statistic,
}

/// What is made of the values of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistic {
    /// Their sum, over the whole time.
    Sum,
    /// The newest of the greatest of each period.
    Newest,
}

impl Account {
    /// The values of metrics over the last `past`, in the order in which they are asked for: at most 500. A metric
    /// without data is 0.
    pub(crate) async fn metrics(
        &self,
        asked: &[MetricRequest<'_>],
        past: SignedDuration,
        period_seconds: i32,
    ) -> Reading<Vec<f64>> {
        let now = self.now();
        let seconds = now.as_second();
        let queries = asked.iter().enumerate();
        let queries: Vec<MetricDataQuery> = queries
            .map(|(number, one)| query(number, *one, period_seconds))
            .collect();
        let request = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(DateTime::from_secs(seconds - past.as_secs()))
            .end_time(DateTime::from_secs(seconds));
        let send = |token| request.clone().set_next_token(token).send();
        let results = self.pages("cloudwatch:GetMetricData", send, |page| {
            (page.metric_data_results.unwrap_or_default(), page.next_token)
        });
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for result in results.await? {
            let known = values.entry(result.id.unwrap_or_default()).or_default();
            known.extend(result.values.unwrap_or_default());
        }
        let asked = asked.iter().enumerate();
        Ok(asked
            .map(|(number, one)| {
                let values = values.get(&id(number)).map(Vec::as_slice).unwrap_or_default();
                match one.statistic {
                    Statistic::Sum => values.iter().sum(),
                    Statistic::Newest => values.first().copied().unwrap_or_default(),
                }
            })
            .collect())
    }

    /// All alarms on one metric.
    pub(crate) async fn alarms(&self) -> Reading<Vec<Alarm>> {
        let send = |token| self.cloudwatch.describe_alarms().set_next_token(token).send();
        self.pages("cloudwatch:DescribeAlarms", send, |page| {
            let alarms = page.metric_alarms.unwrap_or_default().into_iter();
            (alarms.map(alarm), page.next_token)
        })
        .await
    }
}

fn alarm(alarm: MetricAlarm) -> Alarm {
    let dimensions = alarm.dimensions.unwrap_or_default().into_iter();
    Alarm {
        name: alarm.alarm_name.unwrap_or_default(),
        namespace: alarm.namespace.unwrap_or_default(),
        dimensions: dimensions
            .filter_map(|one| Some((one.name?, one.value?)))
            .collect(),
        state: alarm
            .state_value
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
        notifies: alarm.actions_enabled.unwrap_or_default()
            && alarm.alarm_actions.is_some_and(|actions| !actions.is_empty()),
    }
}

/// Ids begin with a small letter.
fn id(number: usize) -> String {
    format!("m{number}")
}

fn query(number: usize, asked: MetricRequest<'_>, period_seconds: i32) -> MetricDataQuery {
    let dimensions = asked.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
    let metric = Metric::builder()
        .namespace(asked.namespace)
        .metric_name(asked.name)
        .set_dimensions(Some(dimensions.collect()))
        .build();
    let statistic = match asked.statistic {
        Statistic::Sum => "Sum",
        Statistic::Newest => "Maximum",
    };
    let stat = MetricStat::builder()
        .metric(metric)
        .period(period_seconds)
        .stat(statistic)
        .build();
    MetricDataQuery::builder()
        .id(id(number))
        .metric_stat(stat)
        .build()
}
