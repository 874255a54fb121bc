package edge

import (
	"encoding/json"
	"fmt"

	"github.com/gorilla/websocket"
	"github.com/zishang520/socket.io/v3/pkg/types"

	"github.com/pulso-lab/pulso/socket/internal/hub"
)

// message is an event as it goes over the wire: the packet of Socket.IO in that of Engine.IO
// (https://github.com/socketio/socket.io-protocol), and the WebSocket frame around both, built once for all clients.
type message struct {
	text  []byte // 42["name",payload]
	frame *websocket.PreparedMessage
}

// Encode makes the message of an event. Our events can always be encoded.
func Encode(name string, payload any) hub.Message {
	encoded, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("encode %s: %v", name, err))
	}
	text := make([]byte, 0, len(encoded)+len(name)+8)
	text = append(text, `42["`...)
	text = append(text, name...)
	text = append(text, `",`...)
	text = append(text, encoded...)
	text = append(text, ']')
	frame, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	if err != nil {
		panic(fmt.Sprintf("frame %s: %v", name, err))
	}
	return &message{text, frame}
}

// Size is that of the text and of the frame.
func (m *message) Size() int { return 2 * len(m.text) }

// packet is the message's content for Engine.IO, which adds its own first character.
func (m *message) packet() types.BufferInterface { return types.NewStringBuffer(m.text[1:]) }
