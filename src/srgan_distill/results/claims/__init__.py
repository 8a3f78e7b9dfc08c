"""The paper's claims as data, judged by our scores and ratings, and the page of them."""
