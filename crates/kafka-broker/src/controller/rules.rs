//! What settings there are, and what values they may have (`ConfigurationValidator`, `KafkaConfigSchema`).

use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::create_topics_response::CreatableTopicConfigs;

use super::ApiError;
use crate::metadata::{ConfigResource, ConfigResourceType, Image};

/// What plans ask about settings.
pub trait ConfigRules: Send + Sync {
    /// Whether a resource may have these settings, where it has `existing` now.
    ///
    /// # Errors
    /// What is wrong with the resource, a name, a value, or how they go together.
    fn validate(
        &self,
        resource: &ConfigResource,
        settings: &BTreeMap<String, String>,
        existing: &BTreeMap<String, String>,
    ) -> Result<(), ApiError>;

    /// Whether the broker of this node can pass to these settings of brokers from those that it has now.
    ///
    /// # Errors
    /// A number of threads that would change by too much.
    fn check_step(
        &self,
        image: &Image,
        resource: &ConfigResource,
        settings: &BTreeMap<String, String>,
    ) -> Result<(), ApiError>;

    /// The default of a setting that is a list, `None` for other settings.
    fn list_default(&self, kind: ConfigResourceType, name: &str) -> Option<String>;

    /// What is said of a setting that is no list when elements are to be added or removed.
    fn not_a_list(&self, _kind: ConfigResourceType, name: &str, operation: &str) -> ApiError {
        let why = format!("Can't {operation} to key {name} because its type is not LIST.");
        ApiError::new(ErrorCode::InvalidConfig, why)
    }

    /// All settings of a topic that sets these itself, in the order of their names.
    fn topic_entries(&self, image: &Image, settings: &BTreeMap<String, String>) -> Vec<CreatableTopicConfigs<'static>>;
}
