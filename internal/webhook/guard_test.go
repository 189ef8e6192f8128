package webhook

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/iam"
)

// TestAddresses: where a webhook may lead, and where it may if the operator allows private addresses.
func TestAddresses(t *testing.T) {
	const nobody, private, all = "nobody", "private", "all"
	for _, test := range []struct{ address, may string }{
		{"8.8.8.8", all}, {"1.1.1.1", all}, {"52.94.236.248", all}, {"2606:4700:4700::1111", all}, {"2a00:1450:4001:81b::200e", all},
		{"127.0.0.1", private}, {"127.9.9.9", private}, {"::1", private}, {"::ffff:127.0.0.1", private},
		{"10.0.0.1", private}, {"10.255.255.255", private}, {"172.16.0.1", private}, {"172.31.255.255", private}, {"192.168.1.1", private},
		{"::ffff:10.0.0.1", private}, {"100.64.0.1", private}, {"fc00::1", private}, {"fd12:3456::1", private},
		{"172.15.255.255", all}, {"172.32.0.0", all}, {"11.0.0.1", all}, {"100.128.0.1", all}, {"::ffff:8.8.8.8", all},

		// Metadata, link-local, unspecified, multicast, broadcast, documentation, and what leads to IPv4 inside of IPv6.
		{"169.254.169.254", nobody}, {"169.254.170.2", nobody}, {"::ffff:169.254.169.254", nobody}, {"fd00:ec2::254", nobody}, {"fd20:ce::254", nobody},
		{"100.100.100.200", nobody}, {"168.63.129.16", nobody}, {"192.0.0.192", nobody}, {"169.254.0.1", nobody}, {"fe80::1", nobody}, {"0.0.0.0", nobody},
		{"::", nobody}, {"0.1.2.3", nobody}, {"224.0.0.1", nobody}, {"239.255.255.250", nobody}, {"ff02::1", nobody}, {"255.255.255.255", nobody},
		{"240.0.0.1", nobody}, {"192.0.2.1", nobody}, {"198.51.100.1", nobody}, {"203.0.113.1", nobody}, {"198.18.0.1", nobody}, {"2001:db8::1", nobody},
		{"64:ff9b::a00:1", nobody}, {"64:ff9b::7f00:1", nobody}, {"2002:a00:1::", nobody}, {"2002:7f00:1::", nobody}, {"::a00:1", nobody}, {"fec0::1", nobody},
	} {
		ip := netip.MustParseAddr(test.address)
		if may := guard(false)(ip) == nil; may != (test.may == all) {
			t.Errorf("%s: %v", test.address, may)
		}
		if may := guard(true)(ip) == nil; may != (test.may != nobody) {
			t.Errorf("%s, with private addresses allowed: %v", test.address, may)
		}
	}
}

// TestURLs: which a webhook may have.
func TestURLs(t *testing.T) {
	for _, test := range []struct{ url, public, private string }{ // what is wrong; "" for nothing
		{"https://example.com/hook", "", ""},
		{"https://example.com:8443/hook?token=x", "", ""},
		{"https://[2606:4700:4700::1111]/", "", ""},
		{"HTTPS://example.com", "", ""},
		{"http://example.com/", "must be https", "http is for the loopback interface"},
		{"http://127.0.0.1:8080/", "must be https", ""},
		{"http://localhost:8080/", "must be https", ""},
		{"http://[::1]/", "must be https", ""},
		{"http://10.0.0.1/", "must be https", "http is for the loopback interface"},
		{"http://localhost.example.com/", "must be https", "http is for the loopback interface"},
		{"https://127.0.0.1/", "not a public one", ""},
		{"https://10.0.0.1/", "not a public one", ""},
		{"https://169.254.169.254/latest/meta-data", "not a public one", "not a public one"},
		{"https://[::ffff:169.254.169.254]/", "not a public one", "not a public one"},
		{"https://[fe80::1%25eth0]/", "not a public one", "not a public one"},
		{"https://user:secret@example.com/", "has a user in it", "has a user in it"},
		{"https://example.com/#a", "has a fragment", "has a fragment"},
		{"ftp://example.com/", "must be https", "must be https"},
		{"file:///etc/passwd", "not an absolute URL", "not an absolute URL"},
		{"gopher://example.com/", "must be https", "must be https"},
		{"example.com/hook", "not an absolute URL", "not an absolute URL"},
		{"https:example.com", "not an absolute URL", "not an absolute URL"},
		{"https://:443/", "not an absolute URL", "not an absolute URL"},
		{"https://exa mple.com/", "not an absolute URL", "not an absolute URL"},
		{"", "not an absolute URL", "not an absolute URL"},
		{"https://example.com/" + strings.Repeat("a", maxURL), "longer than 2048 bytes", "longer than 2048 bytes"},
	} {
		for private, want := range map[bool]string{false: test.public, true: test.private} {
			err := CheckURL(test.url, private)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%.60s, private %v: %v, want %q", test.url, private, err, want)
			}
		}
	}
}

// TestTheDialledAddressIsChecked: a name that resolves to an address that is not public leads nowhere, whatever it says. What is refused
// is not even connected to, and the answer does not say where it would have led.
func TestTheDialledAddressIsChecked(t *testing.T) {
	w := newWorld(t)
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	entry := w.publish(iam.Publication{Policy: "Deployer"})
	send := func(private bool, roots *x509.CertPool, url string) iam.Attempt {
		d := w.node(w.store)
		d.Private, d.client = private, newClient(private, roots)
		h := &iam.Webhook{Account: account, Name: "x", ID: "wh-x", URL: url}
		h.Sealed = w.keys.SealSecret(h.ID, NewSecret(zeros{}))
		return d.attempt(t.Context(), h, &iam.Delivery{Entry: entry.Entry})
	}
	// The URL of a name is good; what it resolves to, here by the machine's file of hosts, is not.
	if a := send(false, roots, "https://localhost:"+port); a.Delivered || a.Error != string(errPlace) || reached {
		t.Errorf("%+v", a)
	}
	if a := send(true, roots, "https://127.0.0.1:"+port); !a.Delivered || !reached {
		t.Errorf("with private addresses allowed: %+v", a)
	}
	if a := send(true, nil, "https://127.0.0.1:"+port); a.Delivered || a.Error != "the certificate is not good for the host" {
		t.Errorf("a certificate that nobody vouches for: %+v", a)
	}
	// A webhook that was made while private addresses were allowed.
	if a := send(false, nil, "http://127.0.0.1:"+port); a.Delivered || a.Error != "the URL is not allowed: it must be https" {
		t.Errorf("%+v", a)
	}
	// Proxies of the environment are not used.
	if newClient(false, nil).Transport.(*http.Transport).Proxy != nil {
		t.Error("there is a proxy")
	}
	if _, err := newClient(false, nil).Transport.(*http.Transport).DialContext(context.Background(), "tcp", "169.254.169.254:80"); err == nil || !strings.Contains(err.Error(), string(errPlace)) {
		t.Errorf("%v", err)
	}
}
