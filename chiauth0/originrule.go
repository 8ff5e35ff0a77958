package chiauth0

import (
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// organizationPlaceholder is the first label of a pattern in Config.Origins.
const organizationPlaceholder = "{organization}"

// An originRule is an element of Config.Origins.
type originRule struct {
	// url is the origin. The host of a pattern is without its first label.
	url *url.URL

	// pattern reports whether the first label of the host is the name of an organization.
	pattern bool
}

// String returns the rule as it is written in Config.Origins.
func (o originRule) String() string {
	if o.pattern {
		return o.url.Scheme + "://" + organizationPlaceholder + "." + o.url.Host
	}
	return o.url.String()
}

// callbackURL returns the URL to register at Auth0, which has a placeholder of its own.
func (o originRule) callbackURL(path string) string {
	if o.pattern {
		return o.url.Scheme + "://{organization_name}." + o.url.Host + path
	}
	return o.url.String() + path
}

// match returns the origin of a host, and the organization that its first label names. The host is
// one that normalHost has returned.
func (o originRule) match(host string) (origin *url.URL, organization string, ok bool) {
	if !o.pattern {
		return o.url, "", host == o.url.Host
	}
	label, rest, _ := strings.Cut(host, ".")
	if rest != o.url.Host || !isLabel(label) {
		return nil, "", false
	}
	return &url.URL{Scheme: o.url.Scheme, Host: host}, label, true
}

// maxLabel is the limit of a label in the domain name system (RFC 1035, section 2.3.4).
const maxLabel = 63

// isLabel reports whether a text is a label of a host name in lower case (RFC 1123, section 2.1).
func isLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// parseOrigins returns the rules of Config.Origins, those without a placeholder first.
func (c *Config) parseOrigins(base *url.URL, found *faults) []originRule {
	if len(c.Origins) == 0 {
		return nil
	}
	if c.BaseURL == "" {
		found.addf("Origins (APP_ORIGINS) %q need BaseURL (APP_BASE_URL): set it to the origin "+
			"that logouts come back to", c.Origins)
	}

	var single, patterns []originRule
	listed := map[string]bool{}
	for _, raw := range c.Origins {
		rule, err := parseOriginRule(raw)
		if err != nil {
			found.add(err)
			continue
		}
		if listed[rule.String()] {
			found.addf("Origins (APP_ORIGINS) %q is listed twice: remove one of them", raw)
			continue
		}
		listed[rule.String()] = true
		if base != nil && rule.url.Scheme != base.Scheme {
			found.addf("Origins (APP_ORIGINS) %q has another scheme than BaseURL (APP_BASE_URL) "+
				"%q: use %s", raw, base, base.Scheme)
			continue
		}
		if rule.pattern && c.Organization != "" {
			found.addf("Origins (APP_ORIGINS) %q takes the organization from the host, and "+
				"Organization is %q: leave one of them out", raw, c.Organization)
			continue
		}
		if rule.pattern {
			patterns = append(patterns, rule)
		} else {
			single = append(single, rule)
		}
	}
	return append(single, patterns...)
}

// parseOriginRule reads an element of Config.Origins.
func parseOriginRule(raw string) (originRule, error) {
	setting := fmt.Sprintf("Origins (APP_ORIGINS) %q", maskURL(raw))
	const example = "https://" + organizationPlaceholder + ".app.example"
	scheme, host, _ := strings.Cut(raw, "://")
	parent, pattern := strings.CutPrefix(host, organizationPlaceholder+".")
	if strings.Contains(host, "*") {
		return originRule{}, fmt.Errorf("%s is a wildcard: name one origin, or write %s",
			setting, example)
	}
	if strings.ContainsAny(parent, "{}") {
		return originRule{}, fmt.Errorf("%s has a placeholder that is not supported: %s is the "+
			"only one, and it is the whole first label, as in %s",
			setting, organizationPlaceholder, example)
	}
	if !pattern {
		u, err := parseOrigin(setting, raw)
		return originRule{url: u}, err
	}

	u, err := parseOrigin(setting, scheme+"://organization."+parent)
	if err != nil {
		return originRule{}, err
	}
	u.Host = strings.TrimPrefix(u.Host, "organization.")
	if err := checkParent(u.Hostname()); err != nil {
		return originRule{}, fmt.Errorf("%s: %w", setting, err)
	}
	return originRule{url: u, pattern: true}, nil
}

// checkParent refuses a parent domain whose subdomains belong to strangers, or that has none.
func checkParent(domain string) error {
	if isIPAddress(domain) {
		return fmt.Errorf("the IP address %s has no subdomains: use a domain", domain)
	}
	if suffix, listed := publicsuffix.PublicSuffix(domain); listed && suffix == domain {
		return fmt.Errorf("%s is a public suffix, whose subdomains have different owners: use a "+
			"domain below it", domain)
	}
	return nil
}
