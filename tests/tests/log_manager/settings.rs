use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::KafkaError as _;
use kafka_log::manager::Startup;

use crate::support::*;

#[test]
fn a_topic_has_what_it_sets_and_else_the_defaults_now_and_later() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let unloaded = open(OsFs, &dirs, LogConfig { flush_ms: 77, ..LogConfig::default() }).unwrap();
    let topics = [("t".to_owned(), vec![("retention.ms".to_owned(), "5".to_owned())])];
    let (manager, _) = unloaded.load(&Startup { topics: &topics, ..Startup::plain(NOW) }).unwrap();
    let (t, u) = (create(&manager, &tp("t", 0)), create(&manager, &tp("u", 0)));
    assert_eq!((t.config().retention_ms, t.config().flush_ms), (5, 77));
    assert_eq!(u.config().retention_ms, LogConfig::default().retention_ms);

    manager.update_topic_config("t", [("flush.ms", "9")]).unwrap();
    assert_eq!((t.config().retention_ms, t.config().flush_ms), (LogConfig::default().retention_ms, 9));
    manager.update_default_config(LogConfig { retention_ms: 1, flush_ms: 2, ..LogConfig::default() }).unwrap();
    assert_eq!((t.config().retention_ms, t.config().flush_ms), (1, 9));
    assert_eq!((u.config().retention_ms, u.config().flush_ms), (1, 2));
    manager.update_topic_config("t", []).unwrap();
    assert_eq!(t.config().flush_ms, 2);
    assert!(std::sync::Arc::ptr_eq(&t.config(), &u.config()));
}

#[test]
fn settings_that_are_refused_change_nothing() {
    let temp = TempDir::new();
    let (manager, _) = start(&temp.dirs(1));
    let log = create(&manager, &tp("t", 0));
    let before = log.config();
    let error = manager.update_topic_config("t", [("flush.ms", "1"), ("retention.ms", "x")]).unwrap_err();
    assert_eq!(error.exception(), "ConfigException");
    let error = manager.update_topic_config("t", [("remote.storage.enable", "true")]).unwrap_err();
    assert_eq!(error.exception(), "ConfigException");
    let bad = LogConfig { min_compaction_lag_ms: 2, max_compaction_lag_ms: 1, ..LogConfig::default() };
    assert_eq!(manager.update_default_config(bad).unwrap_err().exception(), "InvalidConfigurationException");
    assert_eq!(log.config(), before);
}
