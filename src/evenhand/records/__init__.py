"""The frozen types that flow through an audit: plan -> trials -> scores -> findings -> report."""
