//! What confines the processes of a room, as the sandbox takes it.

use std::sync::Arc;

use super::spec::{RoomSpec, Shape};
use crate::error::Error;
use crate::permission::PermissionSet;
use crate::sandbox::{NetworkOrder, Order, Pins};

impl Shape {
    pub(super) fn order(&self, room: &RoomSpec) -> Result<Order, Error> {
        let spec = &self.sandbox;
        let search_path = self.env.iter().rev().find(|(name, _)| name == "PATH");
        Ok(Order {
            permissions: Arc::new(PermissionSet::from_flags(&spec.permissions)?),
            project_root: room.project_root.clone(),
            binary: room.binary.clone(),
            entrypoint: Some(room.entrypoint.clone()),
            code_roots: spec.code_roots.clone(),
            worker: Some(room.worker.clone()),
            scratch: spec.scratch.clone(),
            search_path: search_path.map(|(_, value)| value.clone()).unwrap_or_default(),
            best_effort: spec.best_effort,
            pins: Some(Pins::read(&spec.pins)?),
            network: NetworkOrder::new(&spec.hosts, &spec.servers, spec.max_connections)?,
        })
    }
}
