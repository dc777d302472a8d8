"""Lists through boto3's own paginators: the same records whatever the size of a page."""


def entries(client, operation, key, size=None, limit=None, **parameters):
    """All entries under `key` of all pages of `operation`."""
    config = {name: value for name, value in (("PageSize", size), ("MaxItems", limit)) if value is not None}
    paginator = client.get_paginator(operation)
    return [entry for page in paginator.paginate(PaginationConfig=config, **parameters) for entry in page.get(key, [])]


def same_in_any_size(problems, client, operation, key, sizes=(3,), **parameters):
    """Reads a list in pages of AWS's own size and in small ones; gives it, and tells where the two differ."""
    whole = entries(client, operation, key, **parameters)
    for size in sizes:
        small = entries(client, operation, key, size=size, **parameters)
        if small != whole:
            problems.append(f"{operation} in pages of {size}: {len(small)} {key}, {len(whole)} in whole pages")
    return whole
