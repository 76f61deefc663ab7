package signaling

import "net/http"

// cors looks at where a request's page came from. If it may talk to us, its browser is told so; else the answer is no.
// Nothing here needs a cookie, so none is asked for.
func (h *Handler) cors(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Add("Vary", "Origin")
	if !h.checkOrigin(r) {
		h.cfg.Metrics.Refused("origin")
		problem(w, http.StatusForbidden, "origin", "this origin is not allowed to use this server")
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
	return true
}

// servePreflight answers a browser that asks before it lets a page from elsewhere send the request itself.
func (h *Handler) servePreflight(w http.ResponseWriter, r *http.Request) {
	if !h.cors(w, r) {
		return
	}
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", "GET, POST")
	header.Set("Access-Control-Allow-Headers", "authorization, content-type")
	header.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}
