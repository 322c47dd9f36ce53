//! Records that an image keeps as they are.

use std::borrow::Cow;

use kafka_rpc::stored::metadata::{
    AccessControlEntryRecord, DelegationTokenRecord, RegisterBrokerRecord, RegisterControllerRecord,
    register_broker_record, register_controller_record,
};

fn text(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

pub(super) fn broker(record: &RegisterBrokerRecord<'_>) -> RegisterBrokerRecord<'static> {
    let end_point = |point: &register_broker_record::BrokerEndpoint<'_>| register_broker_record::BrokerEndpoint {
        name: text(&point.name),
        host: text(&point.host),
        port: point.port,
        security_protocol: point.security_protocol,
        ..Default::default()
    };
    let feature = |feature: &register_broker_record::BrokerFeature<'_>| register_broker_record::BrokerFeature {
        name: text(&feature.name),
        min_supported_version: feature.min_supported_version,
        max_supported_version: feature.max_supported_version,
        ..Default::default()
    };
    RegisterBrokerRecord {
        broker_id: record.broker_id,
        is_migrating_zk_broker: record.is_migrating_zk_broker,
        incarnation_id: record.incarnation_id,
        broker_epoch: record.broker_epoch,
        end_points: record.end_points.iter().map(end_point).collect(),
        features: record.features.iter().map(feature).collect(),
        rack: record.rack.as_deref().map(text),
        fenced: record.fenced,
        in_controlled_shutdown: record.in_controlled_shutdown,
        log_dirs: record.log_dirs.clone(),
        cordoned_log_dirs: record.cordoned_log_dirs.clone(),
        ..Default::default()
    }
}

pub(super) fn controller(record: &RegisterControllerRecord<'_>) -> RegisterControllerRecord<'static> {
    let end_point =
        |point: &register_controller_record::ControllerEndpoint<'_>| register_controller_record::ControllerEndpoint {
            name: text(&point.name),
            host: text(&point.host),
            port: point.port,
            security_protocol: point.security_protocol,
            ..Default::default()
        };
    let feature =
        |feature: &register_controller_record::ControllerFeature<'_>| register_controller_record::ControllerFeature {
            name: text(&feature.name),
            min_supported_version: feature.min_supported_version,
            max_supported_version: feature.max_supported_version,
            ..Default::default()
        };
    RegisterControllerRecord {
        controller_id: record.controller_id,
        incarnation_id: record.incarnation_id,
        zk_migration_ready: record.zk_migration_ready,
        end_points: record.end_points.iter().map(end_point).collect(),
        features: record.features.iter().map(feature).collect(),
        ..Default::default()
    }
}

pub(super) fn acl(record: &AccessControlEntryRecord<'_>) -> AccessControlEntryRecord<'static> {
    AccessControlEntryRecord {
        id: record.id,
        resource_type: record.resource_type,
        resource_name: text(&record.resource_name),
        pattern_type: record.pattern_type,
        principal: text(&record.principal),
        host: text(&record.host),
        operation: record.operation,
        permission_type: record.permission_type,
        ..Default::default()
    }
}

pub(super) fn delegation_token(record: &DelegationTokenRecord<'_>) -> DelegationTokenRecord<'static> {
    DelegationTokenRecord {
        owner: text(&record.owner),
        requester: text(&record.requester),
        renewers: record.renewers.iter().map(|renewer| text(renewer)).collect(),
        issue_timestamp: record.issue_timestamp,
        max_timestamp: record.max_timestamp,
        expiration_timestamp: record.expiration_timestamp,
        token_id: text(&record.token_id),
        ..Default::default()
    }
}
