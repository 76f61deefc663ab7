package front

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// BehindProxies gives next the address of the client where the request came through one of these proxies, which say it
// in X-Forwarded-For. Each adds to the end whom it heard from, so the last one there that is no proxy is the client;
// what stands before may be made up. What others say is ignored.
func BehindProxies(proxies []netip.Prefix, next http.Handler) http.Handler {
	if len(proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = clientAddress(proxies, r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
		next.ServeHTTP(w, r)
	})
}

// clientAddress goes back from where a request came from as far as proxies are believed.
func clientAddress(proxies []netip.Prefix, from string, forwarded []string) string {
	address, err := netip.ParseAddrPort(from)
	if err != nil {
		return from
	}
	ip := address.Addr().Unmap()
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for isIn(proxies, ip) && len(hops) > 0 {
		last := strings.TrimSpace(hops[len(hops)-1])
		hops = hops[:len(hops)-1]
		// Some write the port too.
		if withPort, err := netip.ParseAddrPort(last); err == nil {
			last = withPort.Addr().String()
		}
		hop, err := netip.ParseAddr(strings.Trim(last, "[]"))
		if err != nil {
			break
		}
		ip = hop.Unmap().WithZone("")
	}
	if ip == address.Addr().Unmap() {
		return from
	}
	return netip.AddrPortFrom(ip, 0).String()
}

func isIn(prefixes []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
}
