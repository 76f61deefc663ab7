package probe

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/parlorhq/parlor/internal/doctor"
)

// Room is where the doctor joins unless a token says otherwise: nobody else has business there.
const Room = "parlor-doctor"

// joined is what the server answers to a join, as far as it matters here.
type joined struct {
	T          string      `json:"t"`
	Sid        string      `json:"sid"`
	Link       string      `json:"link"`
	Answer     string      `json:"answer"`
	ICEServers []iceServer `json:"iceServers"`
	Code       string      `json:"code"`
	Message    string      `json:"message"`
}

type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

// visit joins, tries the ways of media, and leaves.
func (p *probe) visit(ctx context.Context) {
	f := p.facts
	// Tokens are good by the server's clock.
	now := f.At.Add(f.Clock.Ahead)
	ticket := Ticket{Room: Room}
	if p.cfg.Admit != nil {
		var err error
		if ticket, err = p.cfg.Admit(now); err != nil {
			f.Join = doctor.Join{Exchange: doctor.Exchange{Code: "unauthorized"}, Message: err.Error()}
		}
	}
	f.Join.Token = ticket.Token != ""
	own := newCredentials()
	join, err := json.Marshal(map[string]any{
		"t": "join", "room": cmp.Or(ticket.Room, Room), "name": "Doctor", "token": ticket.Token, "offer": own.offer(), "tracks": []any{},
	})
	if err != nil {
		return
	}
	j, leave := p.enter(ctx, join)
	defer leave()
	if !f.Join.OK() {
		return
	}
	theirs, candidates := readAnswer(j.Answer)
	var all sync.WaitGroup
	all.Go(func() { p.ways(ctx, theirs, own, candidates) })
	all.Go(func() { p.relays(ctx, theirs, own, candidates, j.ICEServers) })
	all.Wait()
}

// enter joins by POST, or where that does not get through by a WebSocket.
func (p *probe) enter(ctx context.Context, join []byte) (j joined, leave func()) {
	f := p.facts
	a := p.ask(ctx, &f.Post, http.MethodPost, "/v1/sessions?via=poll", join, "Content-Type", "application/json")
	if f.Post.Status == http.StatusCreated && json.Unmarshal(a.body, &j) == nil && j.T == "joined" {
		f.Post.Parlor = true
		f.Join.Exchange = f.Post
		return j, func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.Patience)
			defer cancel()
			if r, err := p.send(ctx, http.MethodPost, "/v1/sessions/"+j.Sid, []byte(`{"t":"leave"}`),
				"Content-Type", "application/json", "Authorization", "Bearer "+j.Link); err == nil {
				_ = r.Body.Close() // it leaves by itself in a while, if this was not heard
			}
		}
	}
	nothing := func() {}
	if f.Post.Parlor {
		f.Join.Exchange, f.Join.Message = f.Post, detail(a.body)
		f.Join.Outcome = doctor.Broken
		return j, nothing
	}
	e := &f.Join.Exchange
	var conn *websocket.Conn
	e.Try = p.try(func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, p.cfg.Patience)
		defer cancel()
		if conn, err = p.openSocket(ctx, e); err != nil {
			return err
		}
		if err = conn.WriteMessage(websocket.TextMessage, join); err != nil {
			return err
		}
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		frame = firstOf(frame)
		if err = json.Unmarshal(frame, &j); err != nil || j.T == "joined" {
			return err
		}
		e.Code, f.Join.Message = j.Code, j.Message
		return fmt.Errorf("refused: %s", j.Code)
	})
	if conn == nil {
		return j, nothing
	}
	return j, func() {
		_ = conn.SetWriteDeadline(time.Now().Add(p.cfg.Patience))
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"leave"}`)) // it leaves by itself in a while, if this was not heard
		_ = conn.Close()
	}
}

// firstOf is the first object of a frame.
func firstOf(frame []byte) []byte {
	var all []json.RawMessage
	if json.Unmarshal(frame, &all) == nil && len(all) > 0 {
		return all[0]
	}
	return frame
}

func detail(body []byte) string {
	var details struct {
		Detail string `json:"detail"`
	}
	_ = json.Unmarshal(body, &details) // or there is none
	return details.Detail
}

// credentials are those of one side of ICE.
type credentials struct{ ufrag, password string }

func newCredentials() credentials { return credentials{rand.Text()[:8], rand.Text()} }

// offer is for a data channel that nobody will open: an answer says where the server is, and checks need no more.
func (c credentials) offer() string {
	hash := make([]byte, 32)
	_, _ = rand.Read(hash) // it never fails
	pairs := make([]string, len(hash))
	for i, b := range hash {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join([]string{
		"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sctp-port:5000",
		"a=ice-ufrag:" + c.ufrag, "a=ice-pwd:" + c.password,
		"a=fingerprint:sha-256 " + strings.Join(pairs, ":"), "a=setup:active", "",
	}, "\r\n")
}
