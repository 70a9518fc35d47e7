//! Who may ask, and who may stop a training.

use std::net::{IpAddr, Ipv6Addr};

use super::ServerError;

/// Checks names and tokens.
pub(super) struct Guard {
    names: Vec<String>,
    token: String,
}

impl Guard {
    /// With names of this machine, and a new token.
    pub(super) fn new(names: Vec<String>) -> Result<Self, ServerError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| ServerError::Token(error.to_string()))?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { names, token })
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Whether a browser asked for this machine by a name that cannot be somebody else's. A page elsewhere can let its own name lead
    /// here (DNS rebinding) and then read the answers; it cannot do so with an address, with `localhost`, or with a name of ours.
    pub(super) fn knows_host(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((address, port)) => return address.parse::<Ipv6Addr>().is_ok() && is_port(port),
                None => return false,
            },
            None => host.split_once(':').map_or(Some(host), |(name, port)| port.parse::<u16>().ok().map(|_| name)),
        };
        let Some(name) = name else { return false };
        let is_ours = |own: &str| own.eq_ignore_ascii_case(name);
        name.parse::<IpAddr>().is_ok() || is_ours("localhost") || self.names.iter().any(|own| is_ours(own))
    }

    /// Compares in a time that does not depend on where the texts differ.
    pub(super) fn knows_token(&self, token: &str) -> bool {
        let (own, other) = (self.token.as_bytes(), token.as_bytes());
        own.len() == other.len() && own.iter().zip(other).fold(0, |differ, (own, other)| differ | (own ^ other)) == 0
    }
}

/// Nothing, or a colon and a port.
fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_names_of_this_machine_are_hosts() {
        let guard = Guard::new(vec!["gpu-box".into()]).unwrap();
        for host in [
            "127.0.0.1:6160",
            "127.0.0.1",
            "localhost:8080",
            "LOCALHOST",
            "[::1]:6160",
            "[::1]",
            "192.168.1.5:80",
            "gpu-box:6160",
        ] {
            assert!(guard.knows_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:6160",
            "127.0.0.1.evil.example",
            "localhost.evil.example:1",
            "gpu-box.evil.example",
            "[::1",
            "[::1]x",
            "[evil]:1",
            "localhost:99999",
            "localhost:",
            "127.0.0.1:1:2",
            "127.0.0.1 evil",
            "@127.0.0.1",
        ] {
            assert!(!guard.knows_host(host), "{host}");
        }
    }

    #[test]
    fn tokens_are_long_and_each_its_own() {
        let (one, other) = (Guard::new(Vec::new()).unwrap(), Guard::new(Vec::new()).unwrap());
        assert!(one.token().len() == 32 && one.token() != other.token());
        assert!(one.knows_token(one.token()) && !one.knows_token(other.token()));
        assert!(!one.knows_token("") && !one.knows_token(&one.token()[1..]));
    }
}
