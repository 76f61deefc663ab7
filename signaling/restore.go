package signaling

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/parlorhq/parlor/datachannel"
	"github.com/parlorhq/parlor/room"
)

// kept is a session as the store has it. What it may be resumed with is there, and so is what it was told it may do.
type kept struct {
	Room     string     `json:"room"`
	ID       string     `json:"id"` // of the participant
	Identity string     `json:"identity"`
	Name     string     `json:"name,omitempty"`
	Metadata string     `json:"metadata,omitempty"`
	Grant    room.Grant `json:"grant"`
	Token    string     `json:"token"`
	Former   string     `json:"former,omitempty"`
	Attempt  string     `json:"attempt,omitempty"`
	FileKey  string     `json:"fileKey,omitempty"`
	Turn     uint64     `json:"turn,omitempty"`
	Since    uint64     `json:"since,omitempty"`
	Here     bool       `json:"here"`
	Host     bool       `json:"host,omitempty"`
	Watching bool       `json:"watching,omitempty"`
}

// Keep implements room.Member: a session is written together with its participant's coming and going, and deleted
// together with its going for good.
func (c *client) Keep(p *room.Participant, here bool) []datachannel.Row {
	switch {
	case c.h.cfg.Keeper == nil || c.id == "":
		return nil
	case c.leaving.Load():
		return c.noRows()
	}
	return []datachannel.Row{c.row(p, here)}
}

// row is the session as it is now.
func (c *client) row(p *room.Participant, here bool) datachannel.Row {
	k := kept{
		Room: p.Room(), ID: p.ID, Identity: p.Identity, Name: p.Name, Metadata: p.Metadata, Grant: p.Grant, Here: here, Host: p.Host(), Watching: p.Watching,
		Attempt: c.attempt, FileKey: c.fileKey, Turn: c.turn, Since: c.since,
	}
	var ok bool
	if k.Token, k.Former, ok = c.h.sessions.tokens(c.id); !ok {
		k.Token = c.first
	}
	return datachannel.Row{Table: datachannel.TableSessions, Key: []byte(c.id), Value: marshal(k)}
}

// keepPatience is how long a client waits for its new token to be written before it gets it anyway.
const keepPatience = time.Second

// keep writes the session, so that the token which its client is about to get is good after a crash too. A disk that does
// not write keeps nobody out.
func (c *client) keep() {
	if c.h.cfg.Keeper == nil {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, keepPatience)
	defer cancel()
	if err := c.h.cfg.Keeper.Put(ctx, c.row(c.participant, c.participant.Here())); err != nil {
		c.log.Debug().Err(err).Msg("session not written")
	}
	if c.leaving.Load() { // meanwhile
		c.forget()
	}
}

// forget takes a session that has ended out of the store.
func (c *client) forget() {
	if c.h.cfg.Keeper != nil {
		c.h.cfg.Keeper.Later(c.noRows()...)
	}
}

// noRows is the session as it is when it has ended.
func (c *client) noRows() []datachannel.Row {
	key := []byte(c.id)
	return []datachannel.Row{{Table: datachannel.TableSessions, Key: key}, {Table: datachannel.TableTaken, Key: key}}
}

// Restore puts back the sessions of a server that was killed: their clients resume as if nothing had been. It is called
// once, before the door is opened.
func (h *Handler) Restore() error {
	if h.cfg.Keeper == nil {
		return nil
	}
	found := make(map[string]kept)
	taken := make(map[string]uint64)
	err := h.cfg.Keeper.Store().Read("", func(r datachannel.Row) error {
		switch r.Table {
		case datachannel.TableSessions:
			var k kept
			if err := json.Unmarshal(r.Value, &k); err != nil {
				return fmt.Errorf("session %.8s: %w", r.Key, err)
			}
			found[string(r.Key)] = k
		case datachannel.TableTaken:
			taken[string(r.Key)], _ = binary.Uvarint(r.Value)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sessions: %w", err)
	}
	for _, id := range latestFirst(found) {
		k := found[id]
		if err := h.restore(id, k, taken[id]); err != nil && !errors.Is(err, room.ErrTaken) {
			h.cfg.Log.Warn().Err(err).Str("room", k.Room).Msg("session not restored")
		}
	}
	h.cfg.Rooms.Restored()
	h.cfg.Keeper.Later(orphans(found, taken)...)
	if len(found) > 0 {
		h.cfg.Log.Info().Int("sessions", len(found)).Msg("sessions restored")
	}
	return nil
}

// orphans is what is left of sessions that are no more: what one says while it ends may be written last.
func orphans(found map[string]kept, taken map[string]uint64) (rows []datachannel.Row) {
	for id := range taken {
		if _, needed := found[id]; !needed {
			rows = append(rows, datachannel.Row{Table: datachannel.TableTaken, Key: []byte(id)})
		}
	}
	return rows
}

// latestFirst are the ids of sessions, those first that took the places of others. The server may have ended after it
// wrote the one and before it forgot the other: the place belongs to the latest then.
func latestFirst(found map[string]kept) []string {
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(cmp.Compare(found[b].Turn, found[a].Turn), cmp.Compare(a, b))
	})
}

func (h *Handler) restore(id string, k kept, taken uint64) error {
	c := newClient(h)
	c.id = id
	p, snap, err := h.cfg.Rooms.Restore(room.RestoreRequest{
		Room: k.Room, ID: k.ID, Identity: k.Identity, Name: k.Name, Metadata: k.Metadata,
		Grant: k.Grant, Member: c, Here: k.Here, Host: k.Host, Watching: k.Watching,
	})
	if err != nil {
		c.cancel(err)
		c.forget()
		return err
	}
	c.first, c.attempt, c.fileKey, c.turn, c.since = k.Token, k.Attempt, k.FileKey, k.Turn, k.Since
	snap.Cells = nil // the client has them, or says how much of them
	c.begin(p, snap, taken)
	h.sessions.put(id, entry{client: c, token: k.Token, former: k.Former, attempt: k.Attempt})
	if !h.start(c) {
		return room.ErrDraining
	}
	return nil
}
