//! A host that ssh reaches, with its user and port.

use std::fmt;
use std::str::FromStr;

/// A host as `ssh` and `scp` take it: `pi@board`, or with a port or an IPv6 address
/// `//pi@board:2222`, `//pi@[fe80::1]:22`. Without a port it is the one of ssh's settings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SshHost {
    user: Option<String>,
    /// Without brackets.
    host: String,
    port: Option<u16>,
}

impl SshHost {
    /// What `ssh` takes: options and the host.
    #[must_use]
    pub(crate) fn for_ssh(&self) -> Vec<String> {
        let mut words = self.port_as("-p");
        words.extend(["--".to_owned(), self.with_user(&self.host)]);
        words
    }

    /// The options that `scp` takes.
    #[must_use]
    pub(crate) fn options_of_scp(&self) -> Vec<String> {
        self.port_as("-P")
    }

    /// A path there, as `scp` takes it.
    #[must_use]
    pub(crate) fn path_of_scp(&self, path: impl fmt::Display) -> String {
        format!("{}:{path}", self.with_user(&self.bracketed()))
    }

    /// What to type to see whether it can be reached.
    #[must_use]
    pub(crate) fn command(&self) -> String {
        let words = self.for_ssh();
        let words: Vec<&str> =
            words.iter().map(String::as_str).filter(|word| *word != "--").collect();
        format!("ssh {}", words.join(" "))
    }

    fn port_as(&self, option: &str) -> Vec<String> {
        self.port.map_or_else(Vec::new, |port| vec![option.to_owned(), port.to_string()])
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    fn with_user(&self, host: &str) -> String {
        self.user.as_ref().map_or_else(|| host.to_owned(), |user| format!("{user}@{host}"))
    }
}

impl FromStr for SshHost {
    type Err = String;

    /// Reads what follows `ssh:`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |what: &str| {
            Err(format!(
                "'ssh:{text}' {what}; write ssh:USER@HOST, or with a port or an IPv6 address ssh://USER@HOST:PORT, ssh://USER@[ADDRESS]:PORT"
            ))
        };
        let address = text.strip_prefix("//");
        let is_address = address.is_some();
        let address = address.unwrap_or(text).trim_end_matches('/');
        let (user, rest) = match address.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, address),
        };
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => match port.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None => return wrong("has something other than a port behind its address"),
            },
            None if !is_address && rest.matches(':').count() > 1 => (rest, None),
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        // A name that looks like an option would be taken for one.
        let odd = |word: &str| {
            word.is_empty()
                || word.starts_with('-')
                || word.contains(|c: char| c.is_control() || c.is_whitespace() || c == '/')
        };
        if odd(host) || user.as_deref().is_some_and(odd) {
            return wrong("names no host");
        }
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(port)) if port != 0 => Some(port),
            Some(_) => return wrong("has no port from 1 to 65535"),
        };
        Ok(Self { user, host: host.to_owned(), port })
    }
}

impl fmt::Display for SshHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.with_user(&self.bracketed());
        match self.port {
            Some(port) => write!(f, "//{host}:{port}"),
            None if self.host.contains(':') => write!(f, "//{host}"),
            None => f.write_str(&host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> SshHost {
        text.parse().unwrap()
    }

    #[test]
    fn hosts_ports_and_addresses_become_what_ssh_and_scp_take() {
        for (text, shown, ssh, scp) in [
            ("board", "board", "ssh board", "board:/x"),
            ("pi@board", "pi@board", "ssh pi@board", "pi@board:/x"),
            ("//pi@board/", "pi@board", "ssh pi@board", "pi@board:/x"),
            ("//board:2222", "//board:2222", "ssh -p 2222 board", "board:/x"),
            ("pi@board:2222", "//pi@board:2222", "ssh -p 2222 pi@board", "pi@board:/x"),
            ("//pi@[::1]:22", "//pi@[::1]:22", "ssh -p 22 pi@::1", "pi@[::1]:/x"),
            ("//[fe80::1%eth0]", "//[fe80::1%eth0]", "ssh fe80::1%eth0", "[fe80::1%eth0]:/x"),
            ("pi@::1", "//pi@[::1]", "ssh pi@::1", "pi@[::1]:/x"),
        ] {
            let parsed = host(text);
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(host(shown), parsed);
            assert_eq!((parsed.command().as_str(), parsed.path_of_scp("/x").as_str()), (ssh, scp));
        }
        assert_eq!(host("//board:2222").for_ssh(), ["-p", "2222", "--", "board"]);
        assert_eq!(host("//board:2222").options_of_scp(), ["-P", "2222"]);
    }

    #[test]
    fn what_is_no_host_says_how_to_write_one() {
        for wrong in [
            "",
            "//",
            "@board",
            "-oProxyCommand=x",
            "a@-b",
            "//board:0",
            "//board:70000",
            "board:",
            "//[::1]x",
            "//[::1]:",
            "a b",
            "//a/b",
            "a\nb",
        ] {
            let said = wrong.parse::<SshHost>().unwrap_err();
            assert!(said.contains("ssh://USER@HOST:PORT"), "{wrong}: {said}");
        }
    }
}
