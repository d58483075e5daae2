//! `reservoir healthcheck`: for containers, which have no other client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::TlsConfig;

use crate::config::{Config, Tls};

/// Asks the server of this configuration whether it is ready.
pub(super) fn run(config: &Config) -> Result<(), String> {
    let mut address = config.listen;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let scheme = if matches!(config.tls, Tls::Off) { "http" } else { "https" };
    // The question stays on this machine, and only "ready" is asked: whose certificate it is does not matter.
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .disable_verification(true)
        .build();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(10))).tls_config(tls).build().new_agent();
    match agent.get(format!("{scheme}://{address}/health/ready")).call() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{scheme}://{address} is not ready: {error}")),
    }
}
