/* A validated tree back to text. */
#include "metadata.h"

static void put_text(struct psg_buf *buf, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			psg_buf_text(buf, "&amp;");
		else if (*text == '<')
			psg_buf_text(buf, "&lt;");
		else if (*text == '>')
			psg_buf_text(buf, "&gt;");
		else if (*text == '\r')
			psg_buf_text(buf, "&#13;");
		else
			psg_buf_put(buf, text, 1);
	}
}

static void put_node(struct psg_buf *buf, const struct psg_xml_node *node, int depth)
{
	psg_buf_format(buf, "%*s<%s>", depth * 4, "", node->name);
	if (!node->children) {
		put_text(buf, node->text);
	} else {
		psg_buf_text(buf, "\n");
		for (const struct psg_xml_node *child = node->children; child; child = child->next)
			put_node(buf, child, depth + 1);
		psg_buf_format(buf, "%*s", depth * 4, "");
	}
	psg_buf_format(buf, "</%s>\n", node->name);
}

enum psg_err psg_canonical_write(const struct psg_xml_node *root, const struct psg_file_type *type,
				 struct psg_buf *ret)
{
	psg_buf_format(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns=\"%s\">\n",
		       type->root, type->ns);
	for (const struct psg_xml_node *child = root->children; child; child = child->next)
		put_node(ret, child, 1);
	psg_buf_format(ret, "</%s>\n", type->root);
	return ret->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}
