"""The only room that speaks to AWS; boto3's shapes stay inside."""
