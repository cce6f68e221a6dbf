//! A conformance suite for id schemes and generators, with scripted time.
