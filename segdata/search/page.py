def write_page(o,f): (f/"index.html").write_text("x")
