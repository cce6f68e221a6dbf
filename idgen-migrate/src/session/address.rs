//! Addresses of databases: which engine they name, and how they may be shown.

use super::Engine;

/// The engine that an address names.
#[must_use]
pub fn engine_of(address: &str) -> Option<Engine> {
    let (scheme, _) = address.split_once(':')?;
    match scheme {
        "postgres" | "postgresql" => Some(Engine::Postgres),
        "mysql" | "mariadb" => Some(Engine::MariaDb),
        "sqlite" => Some(Engine::Sqlite),
        _ => None,
    }
}

/// The address as it may be shown.
#[must_use]
pub fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return without_options(address) };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split([':', '?']).next().unwrap_or_default();
            format!("{scheme}://{user}@{}", without_options(&format!("{host}{path}")))
        }
        None => format!("{scheme}://{}", without_options(rest)),
    }
}

/// Without those options that say a password: drivers take it there too.
fn without_options(address: &str) -> String {
    let Some((address, options)) = address.split_once('?') else { return address.into() };
    let is_told = |option: &&str| !option.to_ascii_lowercase().contains("pass");
    let options: Vec<_> = options.split('&').filter(is_told).collect();
    if options.is_empty() { address.into() } else { format!("{address}?{}", options.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_their_password() {
        assert_eq!(without_password("postgres://me:secret@host/db"), "postgres://me@host/db");
        let among_options = "postgres://host/db?user=me&password=secret&sslmode=require";
        assert_eq!(without_password(among_options), "postgres://host/db?user=me&sslmode=require");
        assert_eq!(without_password("postgres://host/db?password=a@b"), "postgres://host/db");
        assert_eq!(without_password("postgres://me:a?b@host/db"), "postgres://me@host/db");
        assert_eq!(without_password("sqlite:shop.db?mode=ro"), "sqlite:shop.db?mode=ro");
        assert_eq!(engine_of("mariadb://host/db"), Some(Engine::MariaDb));
        assert_eq!(engine_of("sqlite:shop.db"), Some(Engine::Sqlite));
        assert_eq!(engine_of("host/db"), None);
    }
}
