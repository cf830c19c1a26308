//! Queues.

use super::Account;
use aws_sdk_sqs::types::QueueAttributeName;
use protector_diagnosis::read::Reading;

/// Messages that wait, and those that a reader has taken and not deleted yet.
const COUNTED: [QueueAttributeName; 2] = [
    QueueAttributeName::ApproximateNumberOfMessages,
    QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
];

impl Account {
    /// About how many messages are in a queue.
    pub(crate) async fn messages(&self, url: &str) -> Reading<u64> {
        let request = self
            .sqs
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(COUNTED.to_vec()));
        let answer = self.call("sqs:GetQueueAttributes", request.send()).await?;
        let attributes = answer.attributes.unwrap_or_default();
        let counts = COUNTED.iter().filter_map(|name| attributes.get(name));
        Ok(counts.filter_map(|text| text.parse::<u64>().ok()).sum())
    }
}
