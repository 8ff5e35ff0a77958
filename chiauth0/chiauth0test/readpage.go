package chiauth0test

import (
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// A shownPage is what a browser would make of a page of the tenant's.
type shownPage struct {
	message string     // the text of the element with id "message"
	form    url.Values // what the form with a password box would send unfilled; nil: there is none
	action  string
}

func readPage(body io.Reader) (shownPage, error) {
	root, err := html.Parse(io.LimitReader(body, 1<<20))
	if err != nil {
		return shownPage{}, err
	}
	var page shownPage
	for node := range root.Descendants() {
		if attribute(node, "id") == "message" {
			page.message = text(node)
		}
		if node.Data == "form" {
			if fields := passwordForm(node); fields != nil {
				page.form, page.action = fields, attribute(node, "action")
			}
		}
	}
	return page, nil
}

// passwordForm collects the fields of a form that asks for a password.
func passwordForm(form *html.Node) url.Values {
	fields, password := url.Values{}, false
	for node := range form.Descendants() {
		if node.Data != "input" {
			continue
		}
		fields.Add(attribute(node, "name"), attribute(node, "value"))
		password = password || attribute(node, "type") == "password"
	}
	if !password {
		return nil
	}
	return fields
}

func attribute(node *html.Node, name string) string {
	for _, attr := range node.Attr {
		if attr.Key == name {
			return attr.Val
		}
	}
	return ""
}

func text(node *html.Node) string {
	var b strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return strings.TrimSpace(b.String())
}
