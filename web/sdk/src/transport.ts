/** What can carry messages. */
export type Transport = 'webrtc' | 'websocket' | 'sse' | 'poll'
