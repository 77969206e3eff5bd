//! A path, its methods, and what each of them asks for: told once, so that guards, refusals and lists agree.

use actix_web::http::Method;
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{FromRequest, Handler, Resource, Responder};

use super::auth::requires;
use super::error;
use crate::types::Scope;

/// What one method of a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub method: Method,
    /// As it is matched: `/api/call/{call}`.
    pub path: &'static str,
    /// None: no key. Health is for all; Twilio signs.
    pub scope: Option<Scope>,
}

pub(super) struct Door {
    path: &'static str,
    resource: Resource,
    asked: Vec<Asked>,
}

impl Door {
    pub(super) fn at(path: &'static str) -> Self {
        Self { path, resource: web::resource(path), asked: Vec::new() }
    }

    /// Who may GET may ask by HEAD for all but the body. RFC 9110 section 9.3.2
    pub(super) fn read<F, Args>(self, scope: impl Into<Option<Scope>>, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let scope = scope.into();
        self.on(Method::GET, scope, handler.clone()).on(Method::HEAD, scope, handler)
    }

    /// Twilio asks by POST, or by GET if a number is configured so. It has no key, and signs.
    pub(super) fn hook<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::GET, None, handler.clone()).on(Method::POST, None, handler)
    }

    pub(super) fn on<F, Args>(mut self, method: Method, scope: impl Into<Option<Scope>>, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.asked.push(Asked { method: method.clone(), path: self.path, scope: scope.into() });
        Self { resource: self.resource.route(web::method(method).to(handler)), ..self }
    }

    /// Bodies may have so many bytes.
    pub(super) fn taking(self, bytes: usize) -> Self {
        Self { resource: self.resource.app_data(PayloadConfig::new(bytes)), ..self }
    }

    pub(super) fn asked(&self) -> &[Asked] {
        &self.asked
    }

    /// Other methods are answered as RFC 9110 section 15.5.6 asks for, to those who have a key if the door wants one.
    pub(super) fn open(self, app: &mut ServiceConfig) {
        let allowed = self.asked.iter().map(|asked| asked.method.as_str()).collect::<Vec<_>>().join(", ");
        let refuse = move |method: Method| {
            let answer = error::method_not_allowed(&method, &allowed);
            async move { answer }
        };
        let resource = self.resource.default_service(web::to(refuse));
        if self.asked.iter().all(|asked| asked.scope.is_none()) {
            app.service(resource);
        } else {
            app.service(resource.wrap(requires(self.asked)));
        }
    }
}
