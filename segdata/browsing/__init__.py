"""The page of `segdata browse`: the photos of a shard set with their masks, before a person's eyes.

    app = browse_app(Project.find(), "mine", "127.0.0.1")
    GET /api/set                                       {"key": "9f2c…", "classes": […], "photos": 10000, …}
    GET /api/9f2c…/photos?class=car&sort=loss          a page of the photos that hold a car, the most doubtful first
    GET /api/9f2c…/photos/17/thumbnail/truth           a small JPEG, made once

The grid is answered from the manifest: no pixel is read before somebody looks at it.
"""
