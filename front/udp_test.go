package front

import (
	"net"
	"net/netip"
	"testing"
)

func closeAll(t *testing.T, sockets []net.PacketConn) {
	t.Helper()
	for _, s := range sockets {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestListenUDPOnEveryAddressWithOnePort(t *testing.T) {
	sockets, err := ListenUDP(":0", true, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(t, sockets)
	port, loopback := 0, false
	seen := map[netip.Addr]bool{}
	for _, s := range sockets {
		a := s.LocalAddr().(*net.UDPAddr).AddrPort()
		ip := a.Addr().Unmap()
		if port == 0 {
			port = int(a.Port())
		}
		if int(a.Port()) != port || port == 0 {
			t.Errorf("%s has another port than %d", a, port)
		}
		if ip.IsUnspecified() || ip.IsLinkLocalUnicast() || seen[ip] {
			t.Errorf("listens on %s", ip)
		}
		seen[ip] = true
		loopback = loopback || ip.IsLoopback()
	}
	if !loopback {
		t.Error("no loopback address, though asked for")
	}
}

func TestListenUDPOnIPv4Only(t *testing.T) {
	sockets, err := ListenUDP("0.0.0.0:0", true, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(t, sockets)
	for _, s := range sockets {
		if a := s.LocalAddr().(*net.UDPAddr).AddrPort(); !a.Addr().Unmap().Is4() {
			t.Errorf("listens on %s", a)
		}
	}
}

func TestListenUDPOnOneAddress(t *testing.T) {
	first, err := ListenUDP("127.0.0.1:0", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(t, first)
	if len(first) != 1 {
		t.Fatalf("%d sockets, want 1", len(first))
	}
	if again, err := ListenUDP(first[0].LocalAddr().String(), false, nil); err == nil {
		closeAll(t, again)
		t.Error("the same port twice")
	}
}

func TestListenUDPRefusesWhatIsNoAddress(t *testing.T) {
	for _, addr := range []string{"", "127.0.0.1", ":http", ":65536", ":-1", "192.0.2.77:0"} {
		if sockets, err := ListenUDP(addr, true, nil); err == nil {
			closeAll(t, sockets)
			t.Errorf("%q was taken", addr)
		}
	}
}

func TestUsable(t *testing.T) {
	for ip, want := range map[string]bool{
		"192.0.2.1": true, "2001:db8::1": true, "127.0.0.1": true, "fd00::2": true,
		"fe80::1": false, "169.254.1.1": false, "0.0.0.0": false, "224.0.0.1": false,
	} {
		if got := usable(netip.MustParseAddr(ip)); got != want {
			t.Errorf("usable(%s) = %v", ip, got)
		}
	}
}
