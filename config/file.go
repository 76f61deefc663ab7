package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the YAML file: what is larger is not a configuration, whatever it is.
const maxFile = 1 * mib

// readFile finds what a YAML file says: one mapping of option names to values. A name that is no option, or twice
// there, is an error; a name without a value counts as not set.
func readFile(file string, byName map[string]option) (map[string]given, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("config: %s has more than %s", file, formatSize(maxFile))
	}
	var document yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, fmt.Errorf("config: %s: %s", file, firstLine(err))
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("config: %s: more than one document", file)
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("config: %s:%d: not a list of `name: value`", file, root.Line)
	}
	found := map[string]given{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, node := root.Content[i], root.Content[i+1]
		source := fmt.Sprintf("%s:%d", file, key.Line)
		o, known := byName[key.Value]
		if !known || key.Kind != yaml.ScalarNode || o.name == "config" {
			return nil, fmt.Errorf("%s: %s is not an option here (see parlor serve --help)", source, key.Value)
		}
		if _, twice := found[o.name]; twice {
			return nil, fmt.Errorf("%s (%s): it is there twice", o.name, source)
		}
		if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
			continue
		}
		found[o.name] = given{source, func(v value) error { return setNode(v, node) }}
	}
	return found, nil
}

// setNode gives a value what stands in the file, as it is written there: 0x10 or yes is not read as YAML would.
func setNode(v value, node *yaml.Node) error {
	switch node.Kind {
	case yaml.ScalarNode:
		return v.set(node.Value)
	case yaml.SequenceNode:
		l, isList := v.(list)
		if !isList {
			return errors.New("a list is not what it takes")
		}
		var texts []string
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				return errors.New("an item of the list is not a plain value")
			}
			texts = append(texts, item.Value)
		}
		return l.setItems(texts)
	case yaml.MappingNode:
		m, isMapping := v.(mapping)
		if !isMapping {
			return errors.New("a map is not what it takes")
		}
		var names, texts []string
		for i := 0; i+1 < len(node.Content); i += 2 {
			name, text := node.Content[i], node.Content[i+1]
			if name.Kind != yaml.ScalarNode || text.Kind != yaml.ScalarNode {
				return errors.New("an entry of the map is not a plain `name: value`")
			}
			names, texts = append(names, name.Value), append(texts, text.Value)
		}
		return m.setPairs(names, texts)
	}
	return errors.New("anchors and aliases are not understood")
}

// firstLine keeps an error of the YAML library to the one line that was promised.
func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "yaml: "), "\n")
	return line
}
