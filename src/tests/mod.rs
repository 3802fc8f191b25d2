//! What needs the parts of the engine that are not public.

mod key_exchange;
