//! Clients that prove who they are, and clients that do not.

#![expect(clippy::unwrap_used, reason = "a broker that does not start fails the test")]

mod certificates;
mod logs;
mod oauth;
mod reload;
mod sasl;
mod tls;

use kafka_broker::Broker;
use kafka_thin_client::{Client, ClientConfig, ClientError, Connection, ConnectionConfig, Peer, admin};

type Settings<'s> = &'s [(&'s str, &'s str)];

/// A broker with these settings.
fn broker(settings: Settings<'_>) -> Broker {
    logs::capture();
    let own = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Broker::ephemeral_with(&own.collect::<Vec<_>>()).unwrap()
}

fn config(broker: &Broker, properties: Settings<'_>) -> ClientConfig {
    let mut config = ClientConfig::new([broker.bootstrap()]);
    let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let unknown = config.apply(&properties).unwrap();
    assert!(unknown.is_empty(), "{unknown:?}");
    config
}

fn client(broker: &Broker, properties: Settings<'_>) -> Client {
    Client::new(config(broker, properties)).unwrap()
}

/// One connection, without further attempts.
fn connect(broker: &Broker, properties: Settings<'_>) -> Result<Connection, ClientError> {
    Connection::connect(peer(broker), config(broker, properties).connection)
}

fn peer(broker: &Broker) -> Peer {
    let address: std::net::SocketAddr = broker.bootstrap().parse().unwrap();
    Peer { host: address.ip().to_string(), port: address.port() }
}

fn plain() -> ConnectionConfig {
    ConnectionConfig::default()
}

/// Whether requests are answered.
fn serves(client: &mut Client) -> bool {
    admin::list_topics(client).is_ok()
}
