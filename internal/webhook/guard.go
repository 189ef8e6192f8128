package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// maxURL is the number of bytes that a URL may have.
const maxURL = 2048

// CheckURL says what is wrong with the URL of a webhook, if something is. With private, http is taken to the loopback interface.
// Where the host's name leads is known only when it is dialled.
func CheckURL(text string, private bool) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return errors.New("it is longer than 2048 bytes")
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return errors.New("it is not an absolute URL, as in https://example.com/hook")
	case u.User != nil:
		return errors.New("it has a user in it: receivers verify signatures")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		return errors.New("it has a fragment, which is not sent")
	case u.Scheme == "http" && private && isLoopback(u.Hostname()), u.Scheme == "https":
	case u.Scheme == "http" && private:
		return errors.New("http is for the loopback interface; elsewhere it must be https")
	default:
		return errors.New("it must be https")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && guard(private)(ip) != nil {
		return errPlace
	}
	return nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// errPlace is for addresses that webhooks may not lead to. It names none: what a name resolves to here is not for all to know.
const errPlace = failure("its host's address is not a public one")

func prefixes(list ...string) (all []netip.Prefix) {
	for _, text := range list {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

var (
	// never are addresses at which clouds tell whoever asks the credentials of the machine, and that are not link-local.
	never = prefixes("100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::/32", "fd20:ce::/32")

	// private are those that the operator may allow: private and shared networks, and the loopback interface.
	private4 = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8")
	private6 = prefixes("fc00::/7", "::1/128")
)

// guard returns what refuses addresses: all that are special by IANA's registries, link-local ones included, and those of never.
// https://www.iana.org/assignments/iana-ipv4-special-registry https://www.iana.org/assignments/iana-ipv6-special-registry
func guard(private bool) func(netip.Addr) error {
	options := []ssrf.Option{ssrf.WithAnyPort()}
	if private {
		options = append(options, ssrf.WithAllowedV4Prefixes(private4...), ssrf.WithAllowedV6Prefixes(private6...))
	}
	public := ssrf.New(options...)
	return func(ip netip.Addr) error {
		ip = ip.Unmap()
		for _, p := range never {
			if p.Contains(ip) {
				return errPlace
			}
		}
		if public.SafeAddr(ip) != nil {
			return errPlace
		}
		return nil
	}
}

// newClient makes a client that dials only where a webhook may lead, and follows nothing.
func newClient(private bool, roots *x509.CertPool) *http.Client {
	allowed := guard(private)
	dialer := &net.Dialer{
		Timeout: timeout,
		Control: func(network, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || network != "tcp4" && network != "tcp6" {
				return errPlace
			}
			return allowed(to.Addr())
		},
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns: maxWorkers, MaxIdleConnsPerHost: 1, IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
