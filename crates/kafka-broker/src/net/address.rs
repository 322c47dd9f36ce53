//! Addresses as Kafka shows them.

use std::net::IpAddr;

/// An address as Java writes it (`InetAddress.getHostAddress`): an IPv6 one with all its groups.
pub(crate) fn java_address(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => address.segments().map(|segment| format!("{segment:x}")).join(":"),
    }
}
