//! The hosts of AWS's own endpoints, as the SDK's rules have them for a region, with FIPS and dual-stack.

use super::Session;

/// The host that a service's client calls; `None`: the rules have none there.
macro_rules! host {
    ($service:ident, $region:expr, $about:expr) => {{
        use $service::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
        let params = Params::builder().region($region).use_fips($about.is_fips).use_dual_stack($about.is_dual_stack).build();
        match params {
            Ok(params) => DefaultResolver::new().resolve_endpoint(&params).await.ok().map(|endpoint| endpoint.url().to_owned()),
            Err(_) => None,
        }
    }};
}

impl Session {
    /// The hosts at which a service (`ssm`) is called, one for each region, where nothing else is set in place of AWS's.
    pub async fn hosts_of(&self, service: &str) -> Vec<String> {
        let about = self.0.about.as_ref();
        let is_global = matches!(service, "iam" | "sts");
        let regions = if is_global { self.regions().get(..1).unwrap_or_default() } else { self.regions() };
        let mut hosts = Vec::new();
        for region in regions {
            let region = region.as_str();
            let url = match service {
                "cloudtrail" => host!(aws_sdk_cloudtrail, region, about),
                "guardduty" => host!(aws_sdk_guardduty, region, about),
                "iam" => host!(aws_sdk_iam, region, about),
                "kms" => host!(aws_sdk_kms, region, about),
                "secretsmanager" => host!(aws_sdk_secretsmanager, region, about),
                "ssm" => host!(aws_sdk_ssm, region, about),
                "sts" => host!(aws_sdk_sts, region, about),
                _ => None,
            };
            hosts.extend(url.map(|url| url.trim_start_matches("https://").to_owned()));
        }
        hosts
    }
}
