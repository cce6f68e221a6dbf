//! A machine id from a private IPv4 address, as the original chooses one.
//!
//! Source: `lower16BitPrivateIP` and `isPrivateIPv4` in github.com/sony/sonyflake.

use core::net::Ipv4Addr;

/// The low 16 bits of a private IPv4 address: the machine id that the original takes where none
/// is set.
///
/// This is a convention and no guarantee. Two machines have one machine id where their addresses
/// end alike: in two networks of 16 bits (10.1.0.7 and 10.2.0.7), behind address translation, in
/// containers that see an address of a bridge of their own. It holds in one network of at most
/// 16 bits of hosts; elsewhere give machine ids by hand, or lease them.
///
/// # Errors
/// If the address is neither private (RFC 1918: 10/8, 172.16/12, 192.168/16) nor link-local (RFC
/// 3927: 169.254/16), which the original does not take either.
///
/// # Example
/// ```
/// use core::net::Ipv4Addr;
/// use idgen_sonyflake::machine_id_from_private_ipv4;
///
/// assert_eq!(machine_id_from_private_ipv4(Ipv4Addr::new(192, 168, 2, 3)), Ok(0x0203));
/// assert!(machine_id_from_private_ipv4(Ipv4Addr::new(8, 8, 8, 8)).is_err());
/// ```
pub fn machine_id_from_private_ipv4(address: Ipv4Addr) -> Result<u16, PublicAddressError> {
    let [_, _, high, low] = address.octets();
    if is_private(address) {
        Ok(u16::from_be_bytes([high, low]))
    } else {
        Err(PublicAddressError { address })
    }
}

/// The host's first private IPv4 address, in the order of the operating system's list of
/// interfaces.
///
/// A host with several has no "right" one, and a restart may change their order: see
/// [`machine_id_from_private_ipv4`] for what else this does not promise.
///
/// # Errors
/// If the interfaces cannot be listed, or none has a private IPv4 address.
///
/// # Example
/// ```
/// use idgen_sonyflake::{machine_id_from_private_ipv4, private_ipv4};
///
/// match private_ipv4() {
///     Ok(address) => println!("machine id {}", machine_id_from_private_ipv4(address)?),
///     Err(error) => println!("{error}"),
/// }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[cfg(feature = "private-ip")]
pub fn private_ipv4() -> Result<Ipv4Addr, PrivateIpError> {
    let interfaces = if_addrs::get_if_addrs().map_err(PrivateIpError::Interfaces)?;
    first_private(interfaces.iter().map(if_addrs::Interface::ip)).ok_or(PrivateIpError::None)
}

#[cfg(any(feature = "private-ip", test))]
fn first_private(mut addresses: impl Iterator<Item = core::net::IpAddr>) -> Option<Ipv4Addr> {
    addresses.find_map(|address| match address {
        core::net::IpAddr::V4(address) if is_private(address) => Some(address),
        _ => None,
    })
}

fn is_private(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_link_local()
}

/// An address that makes no machine id, as anybody may have its low bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "address {address} is not private (10/8, 172.16/12, 192.168/16 or 169.254/16); give a machine id in 0..=65535 instead"
)]
pub struct PublicAddressError {
    address: Ipv4Addr,
}

/// Why no private IPv4 address was found.
#[cfg(feature = "private-ip")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateIpError {
    /// The operating system did not list its interfaces.
    #[error("cannot list the network interfaces: {0}; give a machine id instead")]
    Interfaces(#[source] std::io::Error),
    /// No interface has one.
    #[error("no network interface has a private IPv4 address; give a machine id instead")]
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The borders of the ranges in the original's `isPrivateIPv4`.
    #[test]
    fn reference_private_ranges() {
        for (address, id) in [
            ("10.0.0.0", Some(0)),
            ("10.255.255.255", Some(65_535)),
            ("9.255.255.255", None),
            ("11.0.0.0", None),
            ("172.15.255.255", None),
            ("172.16.0.1", Some(1)),
            ("172.31.1.0", Some(256)),
            ("172.32.0.0", None),
            ("192.168.2.3", Some(515)),
            ("192.169.0.0", None),
            ("169.254.1.2", Some(258)),
            ("127.0.0.1", None),
        ] {
            let found = machine_id_from_private_ipv4(address.parse().unwrap());
            assert_eq!(found.ok(), id, "{address}");
        }
    }

    #[test]
    fn the_first_private_address_is_taken() {
        let of = |list: &[&str]| first_private(list.iter().map(|a| a.parse().unwrap()));
        assert_eq!(of(&["127.0.0.1", "::1", "8.8.8.8"]), None);
        let found = of(&["127.0.0.1", "fe80::1", "8.8.8.8", "10.0.2.3", "192.168.0.1"]);
        assert_eq!(found, Some(Ipv4Addr::new(10, 0, 2, 3)));
    }

    #[cfg(feature = "private-ip")]
    #[test]
    fn what_the_host_has_is_private_or_an_error_says_so() {
        match private_ipv4() {
            Ok(address) => assert!(machine_id_from_private_ipv4(address).is_ok()),
            Err(error) => assert!(error.to_string().ends_with("give a machine id instead")),
        }
    }
}
